"""Anthropic's Messages API when something is wrong: its error bodies, and streams that break."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from tests.server.anthropic_client import WEATHER, asking, client_of
from tests.server.loopback import exchange, http, locked, serving
from tests.server.recital import CONTEXT, Recital
from tests.server.speaker import Speaker
from workbench.errors import EngineDied
from workbench.events import Prefill, TextDelta
from workbench.server import ModelPool, create_app

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"messages": []}, "messages is empty"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
        (
            {"extra_body": {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}},
            "context",
        ),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, "sees no images"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}]},
            "'x'",
        ),
        ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content is empty"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"extra_body": {"temperature": 1.1}}, "temperature"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305"),
        ({"tools": [{"name": "a b", "input_schema": {}}]}, "tools"),
        ({"tool_choice": {"type": "any"}}, "no tools"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "clock"}}, "'clock'"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 100}}, "max_tokens"),
        ({"extra_body": {"temperature": -1}}, "temperature"),
        ({"extra_body": {"mcp_servers": [{"type": "url"}]}}, "mcp_servers"),
    ],
)
async def test_what_is_wrong_is_named_in_anthropics_error(fields: dict[str, Any], said: str) -> None:
    async with client_of(Recital()) as client:
        with pytest.raises(anthropic.BadRequestError) as raised:
            await client.messages.create(**(asking("a") | fields))
    body: Any = raised.value.body
    assert body["type"] == "error" and body["error"]["type"] == "invalid_request_error"
    assert said in body["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "key", "status", "type"),
    [
        ("POST", "/v1/messages", "wrong", 401, "authentication_error"),
        ("GET", "/v1/messages", "right", 405, "invalid_request_error"),
        ("GET", "/v1/messages/batches", "right", 404, "not_found_error"),
    ],
)
async def test_refusals_before_the_route_are_anthropics_too(
    method: str, path: str, key: str, status: int, type: str
) -> None:
    app = create_app(ModelPool({"guide": Recital()}), rules=locked("right"))
    async with serving(app) as url:
        request = http(method, path, b"{}", {"authorization": f"Bearer {key}"})
        got, _, body = await exchange(url, request)
    assert (got, json.loads(body)["type"], json.loads(body)["error"]["type"]) == (status, "error", type)


async def test_an_unknown_model_and_a_missing_limit_are_told() -> None:
    async with client_of(Recital()) as client:
        with pytest.raises(anthropic.NotFoundError, match="not_found_error"):
            await client.messages.create(**(asking("a") | {"model": "other"}))
        with pytest.raises(anthropic.BadRequestError, match="max_tokens is missing"):
            await client.post("/v1/messages", cast_to=object, body={"model": "guide", "messages": []})


async def test_a_stream_that_breaks_ends_with_an_error_event() -> None:
    broken = Speaker(Prefill(0, 1, 0), TextDelta("a", 1), EngineDied("The engine died.", "Ask again."))
    async with client_of(broken) as client:
        stream = await client.messages.create(**asking("a"), stream=True)
        with pytest.raises(anthropic.APIStatusError, match="The engine died") as raised:
            async for _ in stream:
                pass
    assert "overloaded_error" in str(raised.value)


async def test_a_request_that_is_refused_before_its_stream_began_has_an_http_error() -> None:
    async with client_of(Recital()) as client:
        with pytest.raises(anthropic.BadRequestError, match="context holds"):
            await client.messages.create(**asking("word " * CONTEXT), stream=True)
