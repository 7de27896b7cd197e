"""What is served, by name, and models that are opened when they are first asked for."""

from __future__ import annotations

import asyncio
import json

import openai
import pytest

from tests.server.loopback import chat, exchange, http, serving
from tests.server.recital import CONTEXT, Recital
from workbench.errors import EngineUnavailable, InvalidModel, ModelNotFound
from workbench.server import ModelPool, create_app
from workbench.server.pool.model_offer import Progress


class Shelf:
    """Opens models and counts how often; `broken` makes it fail."""

    def __init__(self) -> None:
        self.opened: list[Recital] = []
        self.broken = False
        self.released = asyncio.Event()

    async def open(self, progress: Progress) -> Recital:
        progress(0.25)
        await self.released.wait()
        if self.broken:
            raise InvalidModel("The file is cut short.", "Download it again.")
        self.opened.append(Recital())
        return self.opened[-1]


async def test_models_are_listed_and_shown_by_name() -> None:
    pool = ModelPool({"guide": Recital(), "org/repo:Q4_K_M": Shelf().open})
    async with (
        serving(create_app(pool)) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client,
    ):
        listed = [model async for model in await client.models.list()]
        shown = await client.models.retrieve("org/repo:Q4_K_M")
        with pytest.raises(openai.NotFoundError) as caught:
            await client.models.retrieve("nobody")
        health = await exchange(url, http("GET", "/health"))
    assert [model.id for model in listed] == ["guide", "org/repo:Q4_K_M"]
    assert listed[0].object == "model" and listed[0].created == pool.created
    told = listed[0].model_extra or {}
    assert (told["state"], told["context_length"], told["waiting"]) == ("loaded", CONTEXT, 0)
    assert told["details"]["placement"] == "CPU" and told["details"]["capabilities"] == ["generate"]
    assert told["details"]["architecture"] == "recital" and told["details"]["parallel"] == 8
    names = {"type": "model", "display_name": "org/repo:Q4_K_M", "created_at": told["created_at"]}
    assert shown.model_extra == {"state": "idle", "waiting": 0, "aliases": [], **names}
    assert caught.value.code == "model_not_found"
    assert (health[0], health[2]) == (200, b'{"status":"ok","loaded":["guide"],"loading":[],"progress":{}}')


async def test_a_model_is_opened_once_however_many_ask() -> None:
    shelf = Shelf()
    pool = ModelPool({"guide": shelf.open})
    asked = [asyncio.create_task(pool.provider("guide")) for _ in range(5)]
    await asyncio.sleep(0)
    asked[0].cancel()
    shelf.released.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError) and len(shelf.opened) == 1
    assert len(set(answers[1:])) == 1
    await pool.close()
    assert shelf.opened[0].closed


async def test_a_failed_load_is_told_and_tried_again() -> None:
    shelf = Shelf()
    shelf.broken = True
    shelf.released.set()
    pool = ModelPool({"guide": shelf.open})
    async with (
        serving(create_app(pool)) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        with pytest.raises(openai.InternalServerError, match=r"cut short\. Download it again"):
            await client.chat.completions.create(**chat("a"))
        shelf.broken = False
        answer = await client.chat.completions.create(**chat("a"))
    assert answer.choices[0].message.content == "a"
    await pool.close()


async def test_whoever_waits_for_a_load_sees_how_far_it_is() -> None:
    shelf = Shelf()
    pool = ModelPool({"guide": shelf.open})
    async with (
        serving(create_app(pool, keep_alive_seconds=0.02)) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        for path, body in (
            ("/v1/chat/completions", chat("a", stream=True)),
            ("/v1/responses", {"model": "guide", "input": "a", "stream": True}),
            ("/v1/messages", chat("a", stream=True, max_tokens=9)),
        ):
            shelf.released.clear()
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
            writer.write(http("POST", path, json.dumps(body).encode()))
            seen = await asyncio.wait_for(reader.readuntil(b": loading 25%\n\n"), 10)
            assert b" 200 OK" in seen and b"data:" not in seen
            health = json.loads((await exchange(url, http("GET", "/health")))[2])
            assert (health["status"], health["loading"], health["progress"]) == (
                "loading", ["guide"], {"guide": 0.25},
            )  # fmt: skip
            told = (await client.models.retrieve("guide")).model_extra or {}
            assert (told["state"], told["progress"]) == ("loading", 0.25)
            shelf.released.set()
            assert b"data: " in await asyncio.wait_for(reader.read(), 10)
            writer.close()
            await pool.unload("guide")
    await pool.close()


async def test_closing_stops_loads_and_refuses_more() -> None:
    shelf = Shelf()
    pool = ModelPool({"guide": shelf.open, "other": Recital()})
    loading = asyncio.create_task(pool.provider("guide"))
    await asyncio.sleep(0)
    await pool.close()
    await pool.close()
    with pytest.raises(EngineUnavailable, match="being unloaded"):
        await loading
    with pytest.raises(EngineUnavailable):
        await pool.provider("guide")
    with pytest.raises(ModelNotFound):
        await pool.provider("nobody")
    assert not shelf.opened
