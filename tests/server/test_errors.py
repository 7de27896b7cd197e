"""Whatever goes wrong, the client gets OpenAI's error body, and the parameter at fault by name."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio

from tests.server.loopback import chat, client_of, error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.errors import EngineDied, Unsupported, WorkbenchError
from workbench.server import ModelPool, create_app
from workbench.server.access.limits import Limits

CHAT = "/v1/chat/completions"
TOOL = {"type": "function", "function": {"name": "f"}}
OBJECTLESS = {"type": "function", "function": {"name": "f", "parameters": {"type": "array"}}}
VIDEO = {"role": "user", "content": [{"type": "video_url"}]}


pytestmark = pytest.mark.asyncio(loop_scope="module")
MODEL = Recital()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    """One endpoint for every request that must not reach its model."""
    async with serving(create_app(ModelPool({"guide": MODEL}))) as address:
        yield address
    assert not MODEL.received


async def refused(url: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    status, headers, answer = await exchange(url, http("POST", path, body))
    assert headers["content-type"] == "application/json"
    return status, error_of(answer)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "pirate", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"metadata": {"a": "b" * 513}}, "metadata"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"top_k": 10**30}, "top_k"),
        ({"seed": 0.5}, "seed"),
        ({"logit_bias": {"a": 1}}, "logit_bias"),
        ({"logit_bias": {"1": 101}}, "logit_bias"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
        ({"stop": ""}, "stop"),
        ({"stop": ["x"] * 5}, "stop"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tools": [OBJECTLESS]}, "tools[0].function.parameters"),
        ({"tools": [TOOL], "functions": [{"name": "f"}]}, "functions"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "tool_choice.function.name",
        ),
        ({"functions": [{"name": "f"}], "function_call": {"name": "g"}}, "function_call.function.name"),
        ({"messages": [{"role": "tool", "content": "1"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "tool", "content": "1", "tool_call_id": "a"}]}, "messages[0].tool_call_id"),
        ({"logit_bias": {"256": 1}}, "logit_bias"),
        ({"messages": [{"role": "assistant"}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].id"),
        ({"continue_final_message": True}, "continue_final_message"),
        ({"add_generation_prompt": False}, "add_generation_prompt"),
        ({"thinking_budget": -1}, "thinking_budget"),
        ({"reasoning_effort": 3}, "reasoning_effort"),
    ],
)
async def test_a_wrong_value_is_named(url: str, fields: dict[str, Any], param: str) -> None:
    status, error = await refused(url, CHAT, json.dumps(chat("a") | fields).encode())
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert error["code"] == "invalid_parameter" and param in error["message"]


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        (CHAT, {"tools": [{"type": "custom"}]}, "tools[0].type"),
        (CHAT, {"tool_choice": {"type": "custom"}}, "tool_choice"),
        (CHAT, {"grammar_lazy": True}, "grammar_lazy"),
        (CHAT, {"store": True}, "store"),
        (CHAT, {"modalities": ["text", "audio"]}, "modalities"),
        (CHAT, {"messages": [VIDEO]}, "messages[0].content[0].type"),
        (
            CHAT,
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "custom"}]}]},
            "messages[0].tool_calls[0]",
        ),
        ("/v1/completions", {"prompt": "a", "suffix": "b"}, "suffix"),
        ("/v1/completions", {"prompt": "a", "best_of": 2}, "best_of"),
        ("/v1/completions", {"prompt": "a", "echo": True, "logprobs": 1}, "echo"),
    ],
)
async def test_what_is_not_built_is_refused_by_name(
    url: str, path: str, fields: dict[str, Any], param: str
) -> None:
    status, error = await refused(url, path, json.dumps(chat("a") | fields).encode())
    assert (status, error["param"], error["code"]) == (400, param, "unsupported_parameter")
    assert "not supported here" in error["message"]


@pytest.mark.parametrize("prompt", [[], ["a", 1], [1, [2]], ["a", [1]], [-1], {"a": 1}, 7, None, [[1, "a"]]])
async def test_a_prompt_that_is_neither_text_nor_tokens_is_refused(url: str, prompt: Any) -> None:
    status, error = await refused(
        url, "/v1/completions", json.dumps({"model": "guide", "prompt": prompt}).encode()
    )
    assert status == 400 and error["param"].startswith("prompt")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{} {}", b'{"model": NaN}', b"[" * 100_000,
        b'{"model": "guide", "messages": [{"role": "user", "content": "\xff"}]}',
        b'{"model": "guide", "messages": [{"role": "user", "content": "\\ud800"}]}',
    ],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_refused(url: str, body: bytes) -> None:
    status, error = await refused(url, CHAT, body)
    assert (status, error["type"]) == (400, "invalid_request_error")


async def test_missing_parameters_are_named(url: str) -> None:
    assert (await refused(url, CHAT, b"{}"))[1]["param"] == "model"
    assert (await refused(url, CHAT, b'{"model": "guide"}'))[1]["param"] == "messages"
    assert (await refused(url, "/v1/completions", b'{"model": "guide"}'))[1]["param"] == "prompt"


async def test_an_unknown_model_is_not_found(url: str) -> None:
    status, error = await refused(url, CHAT, json.dumps(chat("a") | {"model": "gpt-9"}).encode())
    assert (status, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert "'gpt-9'" in error["message"] and "guide" in error["message"]


async def test_routes_that_are_not_there_and_methods_that_are_not_theirs(url: str) -> None:
    unknown = await exchange(url, http("GET", "/v2/models"))
    slash = await exchange(url, http("POST", f"{CHAT}/", b"{}"))
    wrong = await exchange(url, http("GET", CHAT))
    assert unknown[0] == slash[0] == 404 and error_of(unknown[2])["code"] == "unknown_url"
    assert wrong[0] == 405 and wrong[1]["allow"] == "POST"
    assert "Use POST" in error_of(wrong[2])["message"]


async def test_a_body_over_the_limit_is_refused() -> None:
    async with serving(create_app(ModelPool({"guide": Recital()}), limits=Limits(body_bytes=1000))) as url:
        status, _, body = await exchange(url, http("POST", CHAT, b" " * 1001))
        fits, _, _ = await exchange(url, http("POST", CHAT, json.dumps(chat("a")).encode()))
    assert (status, error_of(body)["code"], fits) == (413, "request_too_large", 200)


async def test_a_body_that_ends_too_soon_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        reader_status = await _send_half_a_body(url)
        status, _, _ = await exchange(url, http("POST", CHAT, json.dumps(chat("a")).encode()))
    assert (reader_status, status) == (b"", 200)
    assert not caplog.records


async def _send_half_a_body(url: str) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(http("POST", CHAT, b"{}" + b" " * 100)[:-50])
    await writer.drain()
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (EngineDied("The engine ended.", "Ask again."), 503, "engine_died"),
        (Unsupported("This model has no log-probabilities.", "Leave them out."), 400, "unsupported"),
        (WorkbenchError("It went wrong."), 500, "failed"),
    ],
)
async def test_a_failure_before_the_first_word_is_an_http_error(
    error: WorkbenchError, status: int, code: str, stream: bool
) -> None:
    model = Recital(fail_at=-1, error=error)
    async with client_of(model) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(**chat("a b"), stream=stream)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert error.message in caught.value.message


async def test_a_failure_inside_a_stream_is_its_last_event() -> None:
    model = Recital(fail_at=2, error=EngineDied("The engine ended.", "Ask again."))
    body = json.dumps(chat("one two three", stream=True)).encode()
    async with serving(create_app(ModelPool({"guide": model}))) as url:
        status, headers, answer = await exchange(url, http("POST", CHAT, body))
    assert status == 200 and headers["content-type"] == "text/event-stream; charset=utf-8"
    assert b" two" in answer and b"[DONE]" not in answer
    last = [line for line in answer.split(b"\r\n") if line.startswith(b"data: ")][-1]
    error = error_of(last.removeprefix(b"data: "))
    assert (error["code"], error["type"]) == ("engine_died", "server_error")


async def test_the_official_client_raises_what_a_broken_stream_says() -> None:
    model = Recital(fail_at=1, error=EngineDied("The engine ended.", "Ask again."))
    seen = []
    async with client_of(model) as client:
        with pytest.raises(openai.APIError, match="The engine ended"):
            async for chunk in await client.chat.completions.create(**chat("one two"), stream=True):
                seen.append(chunk.choices[0].delta.content)
        model.fail_at = None
        answer = await client.chat.completions.create(**chat("again"))
    assert "one" in seen and answer.choices[0].message.content == "again"


async def test_one_failing_choice_ends_them_all() -> None:
    model = Recital(fail_at=1, error=EngineDied("The engine ended.", "Ask again."))
    async with client_of(model) as client:
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(**chat("one two three"), n=4)
    assert model.running == 0


@pytest.mark.parametrize(("stream", "fail_at"), [(False, -1), (True, -1), (True, 0), (True, 1)])
async def test_an_unexpected_failure_is_told_to_the_log_and_not_to_the_client(
    stream: bool, fail_at: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = Recital(fail_at=fail_at, error=RuntimeError("/home/anna/secret"))
    body = json.dumps(chat("one two", stream=stream)).encode()
    with caplog.at_level(logging.ERROR):
        async with serving(create_app(ModelPool({"guide": model}))) as url:
            status, _, answer = await exchange(url, http("POST", CHAT, body))
    assert status == (500 if fail_at < 0 else 200)
    assert b"internal_error" in answer and b"secret" not in answer and b"Traceback" not in answer
    assert "secret" in caplog.text
