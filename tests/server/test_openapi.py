"""The endpoint's description of itself: complete, true, and no request of it breaks the server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.server.loopback import chat, exchange, http, serving
from tests.server.recital import Recital
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app
from workbench.server.app import ROUTES
from workbench.server.routes.openapi import description
from workbench.server.routes.operations import OPERATIONS

SCRIPT = '[[reply]]\ntext = "It is what it is."\n'
EXAMPLES = 12
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


def test_every_route_is_described_and_no_other() -> None:
    served = {
        (method.lower(), route.path)
        for route in ROUTES
        for method in (route.methods or ())
        if method != "HEAD"
    }
    assert {(operation.method, operation.path) for operation in OPERATIONS} == served


async def test_the_description_is_served_and_its_schemas_are_valid() -> None:
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        status, headers, body = await exchange(url, http("GET", "/openapi.json"))
        _, _, answer = await exchange(
            url, http("POST", "/v1/chat/completions", json.dumps(chat("one two", n=2)).encode())
        )
    document = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json") and document == description()
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    told = document["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["content"]
    whole = {**told["application/json"]["schema"], "components": document["components"]}
    jsonschema.validate(json.loads(answer), whole)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An endpoint over the scripted backend, in a thread of its own, since the fuzzing client blocks."""
    script = tmp_path_factory.mktemp("script") / "model.script.toml"
    script.write_text(SCRIPT)
    told: list[str] = []
    up, down = threading.Event(), threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(_serve(script, told, up, down),))
    thread.start()
    assert up.wait(60)
    yield told[0]
    down.set()
    thread.join()


async def _serve(script: Path, told: list[str], up: threading.Event, down: threading.Event) -> None:
    pool = ModelPool({"guide": await open_model(str(script), EngineSettings(context_length=128, parallel=4))})
    try:
        async with serving(create_app(pool, metrics=True)) as url:
            told.append(url)
            up.set()
            await asyncio.to_thread(down.wait)
    finally:
        await pool.close()


SCHEMA = schemathesis.openapi.from_dict(description())
CALLS = {operation.ok().label: operation.ok() for operation in SCHEMA.get_all_operations()}

WAYS = [(label, GenerationMode.POSITIVE) for label in CALLS] + [
    (label, GenerationMode.NEGATIVE) for label, call in CALLS.items() if call.body or call.query
]
"""Every route as it is described, and those to which something wrong can be sent, otherwise."""


@pytest.mark.slow
@pytest.mark.parametrize(("label", "mode"), WAYS, ids=str)
def test_no_request_breaks_the_server(address: str, label: str, mode: GenerationMode) -> None:
    @given(case=CALLS[label].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Case) -> None:
        if isinstance(case.body, dict) and "model" in case.body and case.body["model"]:
            case.body["model"] = "guide"
        response = case.call(base_url=address, timeout=60)
        assert response.status_code < 500, response.text
        case.validate_response(response, checks=CHECKS)

    ask()
