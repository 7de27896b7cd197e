"""A client that hangs up takes its generation with it; a server that stops says so to whoever is waiting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import openai
import pytest

from tests.server.loopback import chat, client_of, error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.server import ModelPool, create_app

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("choices", [1, 3])
@pytest.mark.parametrize("stream", [False, True])
async def test_hanging_up_cancels_the_generation(stream: bool, choices: int) -> None:
    model = Recital(hold_at=2)
    body = json.dumps(chat("one two three", stream=stream, n=choices)).encode()
    async with serving(create_app(ModelPool({"guide": model}))) as url:
        host, port = url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(http("POST", CHAT, body))
        await asyncio.wait_for(model.held.wait(), 10)
        assert model.running == choices
        writer.close()
        await asyncio.wait_for(model.ended.wait(), 10)
        await _until(lambda: model.running == 0)
    assert model.cancelled == choices


async def test_the_official_clients_close_cancels_the_generation() -> None:
    model = Recital(hold_at=1)
    async with client_of(model) as client:
        stream = await client.chat.completions.create(**chat("one two three"), stream=True)
        await anext(stream)
        await stream.close()
        await asyncio.wait_for(model.ended.wait(), 10)
    assert (model.running, model.cancelled) == (0, 1)


async def test_a_client_timeout_cancels_the_generation() -> None:
    model = Recital(hold_at=0)
    async with client_of(model) as client:
        with pytest.raises(openai.APITimeoutError):
            await client.chat.completions.create(**chat("one"), timeout=0.2)
        await asyncio.wait_for(model.ended.wait(), 10)
    assert (model.running, model.cancelled) == (0, 1)


@pytest.mark.parametrize("stream", [False, True])
async def test_stopping_the_server_ends_what_runs(stream: bool) -> None:
    model = Recital(hold_at=1)
    app = create_app(ModelPool({"guide": model}))
    async with serving(app) as url:
        body = json.dumps(chat("one two", stream=stream)).encode()
        request = asyncio.create_task(exchange(url, http("POST", CHAT, body)))
        await asyncio.wait_for(model.held.wait(), 10)
    status, _, answer = await request
    assert status == (200 if stream else 503) and model.cancelled == 1
    last = answer.split(b"data: ")[-1].split(b"\r\n")[0]
    assert error_of(last)["code"] == "server_stopping"


async def test_silence_is_filled_with_comments_that_clients_skip() -> None:
    model = Recital(hold_at=0)
    async with client_of(model, keep_alive_seconds=0.02) as client:
        stream = await client.chat.completions.create(**chat("one two"), stream=True)
        model.released.set()
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "one two"


async def test_keep_alive_comments_are_on_the_wire() -> None:
    model = Recital(hold_at=0)
    body = json.dumps(chat("one", stream=True)).encode()
    async with serving(create_app(ModelPool({"guide": model}), keep_alive_seconds=0.02)) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(http("POST", CHAT, body))
        assert await asyncio.wait_for(reader.readuntil(b": prompt 0/1\n\n"), 10)
        for _ in range(2):
            assert await asyncio.wait_for(reader.readuntil(b": keep-alive\n\n"), 10)
        model.released.set()
        assert (await reader.read()).count(b"[DONE]") == 1
        writer.close()
        await writer.wait_closed()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)
