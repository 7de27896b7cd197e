"""What the endpoint counts, as Prometheus reads it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server.loopback import chat, error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.embedding import Embeddings
from workbench.events import Event, Finished
from workbench.generation import Generation
from workbench.server import ModelPool, create_app

CHAT = "/v1/chat/completions"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def samples(url: str) -> Samples:
    status, headers, body = await exchange(url, http("GET", "/metrics"))
    assert status == 200 and headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def of(told: Samples, name: str, **labels: str) -> float | None:
    return told.get((name, frozenset(labels.items())))


async def test_answers_are_counted_by_route_status_and_model() -> None:
    pool = ModelPool({"guide": Recital(), "spare": Recital})  # type: ignore[dict-item]
    async with serving(create_app(pool, metrics=True)) as url:
        for stream in (False, True):
            await exchange(url, http("POST", CHAT, json.dumps(chat("one two three", stream=stream)).encode()))
        await exchange(url, http("POST", CHAT, json.dumps(chat("a") | {"model": "nobody"}).encode()))
        await exchange(url, http("POST", CHAT, b"{"))
        await exchange(url, http("GET", "/nowhere"))
        told = await samples(url)
    assert of(told, "workbench_requests_total", route=CHAT, status="200", model="guide") == 2
    assert of(told, "workbench_requests_total", route=CHAT, status="404", model="") == 1
    assert of(told, "workbench_requests_total", route=CHAT, status="400", model="") == 1
    assert of(told, "workbench_requests_total", route="other", status="404", model="") == 1
    assert of(told, "workbench_prompt_tokens_total", model="guide") == 6
    assert of(told, "workbench_cached_prompt_tokens_total", model="guide") == 2
    assert of(told, "workbench_completion_tokens_total", model="guide") == 6
    assert of(told, "workbench_time_to_first_token_seconds_count", model="guide") == 2
    assert of(told, "workbench_token_gap_seconds_count", model="guide") == 4
    assert of(told, "workbench_model_loaded", model="guide") == 1
    assert of(told, "workbench_model_loaded", model="spare") == 0


async def test_drafts_are_counted() -> None:
    class Guessing(Recital):
        async def _recite(self, generation: Generation) -> AsyncIterator[Event]:
            async for event in super()._recite(generation):
                if isinstance(event, Finished):
                    event = replace(event, usage=replace(event.usage, drafted_tokens=9, accepted_tokens=4))
                yield event

    model = Guessing()
    async with serving(create_app(ModelPool({"guide": model}), metrics=True)) as url:
        await exchange(url, http("POST", CHAT, json.dumps(chat("one two three")).encode()))
        told = await samples(url)
    assert of(told, "workbench_drafted_tokens_total", model="guide") == 9
    assert of(told, "workbench_accepted_draft_tokens_total", model="guide") == 4


async def test_what_runs_and_waits_is_seen() -> None:
    model = Recital(hold_at=1)
    async with serving(create_app(ModelPool({"guide": model}), metrics=True)) as url:
        body = json.dumps(chat("one two", n=10)).encode()
        asked = asyncio.create_task(exchange(url, http("POST", CHAT, body)))
        await model.held.wait()
        during = await samples(url)
        model.released.set()
        await asked
        after = await samples(url)
    assert of(during, "workbench_answers_running", model="guide") == 8
    assert of(during, "workbench_answers_waiting", model="guide") == 2
    assert of(after, "workbench_answers_running", model="guide") == 0


async def test_an_answer_that_is_broken_off_counts_as_far_as_it_came() -> None:
    model = Recital(fail_at=2, error=RuntimeError("x"))
    async with serving(create_app(ModelPool({"guide": model}), metrics=True)) as url:
        await exchange(url, http("POST", CHAT, json.dumps(chat("one two three", stream=True)).encode()))
        told = await samples(url)
    assert of(told, "workbench_completion_tokens_total", model="guide") == 2


class Embedder(Recital):
    """Makes the same vector of every text, and takes each for four tokens."""

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        return Embeddings(tuple(array("f", [1.0]) for _ in inputs), 4 * len(inputs))


async def test_what_is_made_into_vectors_is_counted() -> None:
    model = Embedder()
    model.facts = replace(model.facts, capabilities=frozenset({"embed"}), embedding_length=1)
    async with serving(create_app(ModelPool({"guide": model}), metrics=True)) as url:
        await exchange(url, http("POST", "/v1/embeddings", b'{"model": "guide", "input": ["a", "b"]}'))
        told = await samples(url)
    assert of(told, "workbench_prompt_tokens_total", model="guide") == 8


async def test_nothing_is_counted_unless_it_is_asked_for() -> None:
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        status, _, body = await exchange(url, http("GET", "/metrics"))
    assert status == 404 and "--metrics" in error_of(body)["message"]


@pytest.mark.parametrize("wanted", [False, True])
def test_the_library_is_imported_only_then(wanted: bool) -> None:
    code = (
        "import sys; from workbench.server import ModelPool, create_app;"
        f"create_app(ModelPool({{}}), metrics={wanted}); print('prometheus_client' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(wanted)
