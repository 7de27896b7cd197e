"""Many models in little room: loading on demand, making room, waiting one's turn, and time to live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

import openai
import pytest

from tests.server.loopback import chat, error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.backend import Provider
from workbench.conversation import Conversation, Message
from workbench.errors import DoesNotFit, InvalidModel
from workbench.events import TextDelta
from workbench.generation import Generation
from workbench.server import ModelPool, create_app
from workbench.server.access.limits import Overloaded
from workbench.server.pool.lent_provider import LentProvider
from workbench.server.pool.model_offer import ModelOffer, Progress
from workbench.server.pool.room import Room
from workbench.server.pool.served_model import MOST_WAITING


class Memory:
    """Opens models of one unit each where there are `units` of them, and checks that there are."""

    def __init__(self, units: int) -> None:
        self.units = units
        self.open: list[Recital] = []
        self.loads: list[str] = []
        self.broken: set[str] = set()

    def offer(self, name: str, **kept: Any) -> ModelOffer:
        async def opener(progress: Progress) -> Provider:
            self.loads.append(name)
            await asyncio.sleep(0.001)
            if name in self.broken:
                raise InvalidModel(f"{name} is cut short.", "Download it again.")
            self.open = [model for model in self.open if not model.closed]
            assert len(self.open) < self.units
            self.open.append(Recital())
            return self.open[-1]

        async def fits(loaded: Sequence[Provider]) -> bool:
            return len(loaded) < self.units

        return ModelOffer(open=opener, fits=fits, **kept)

    def pool(self, *names: str, **kept: Any) -> ModelPool:
        return ModelPool({name: self.offer(name, **kept) for name in names})


async def say(pool: ModelPool, name: str, text: str = "one two") -> str:
    provider = await pool.provider(name)
    prompt = Conversation((Message("user", text),))
    async with aclosing(provider.generate(Generation(prompt=prompt))) as events:  # type: ignore[type-var]
        return "".join([event.text async for event in events if isinstance(event, TextDelta)])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


async def test_what_was_used_longest_ago_makes_room() -> None:
    memory = Memory(2)
    pool = memory.pool("a", "b", "c")
    for name in ("a", "b", "a", "c"):
        await say(pool, name)
    assert [pool.state(name) for name in ("a", "b", "c")] == ["loaded", "idle", "loaded"]
    assert memory.loads == ["a", "b", "c"] and memory.open[1].closed is False
    await pool.close()
    assert all(model.closed for model in memory.open)


async def test_what_is_loaded_takes_no_more_together_than_it_may() -> None:
    memory, sizes = Memory(3), {"a": 40, "b": 30, "c": 60, "d": 200}

    def offer(name: str) -> ModelOffer:
        async def needs() -> int:
            return sizes[name]

        return memory.offer(name, needs=needs, pinned=name == "b")

    pool = ModelPool({name: offer(name) for name in sizes}, room=Room(most_bytes=100))
    for name in ("a", "b", "c"):
        await pool.load(name)
    assert [pool.state(name) for name in sizes] == ["idle", "loaded", "loaded", "idle"]
    with pytest.raises(DoesNotFit, match="d takes 200 B, and all models together may take 100 B, those"):
        await pool.load("d")
    assert pool.state("c") == "loaded"
    await pool.close()


async def test_a_model_that_is_too_large_alone_makes_nobody_leave() -> None:
    memory = Memory(2)

    async def never() -> int:
        raise DoesNotFit("It does not fit: 2 GiB within the limit is missing.", "It fits with --context 512.")

    pool = ModelPool({"a": memory.offer("a"), "b": memory.offer("b", needs=never)}, room=Room(most_bytes=100))
    await pool.load("a")
    with pytest.raises(DoesNotFit, match="within the limit"):
        await pool.load("b")
    assert pool.state("a") == "loaded"
    await pool.close()


async def test_a_model_that_answers_is_not_unloaded_before_its_last_answer() -> None:
    memory = Memory(1)
    pool = memory.pool("a", "b")
    await pool.load("a")
    first = memory.open[0]
    first.hold_at = 1
    held = asyncio.create_task(say(pool, "a"))
    await first.held.wait()
    other = asyncio.create_task(say(pool, "b"))
    await until(lambda: pool.state("a") == "unloading")
    late = asyncio.create_task(say(pool, "a", "late"))
    await asyncio.sleep(0.01)
    assert not first.closed and not other.done() and not late.done()
    first.released.set()
    assert await held == "one two" and await other == "one two" and await late == "late"
    assert memory.loads == ["a", "b", "a"]
    await pool.close()


async def test_swapping_under_load_loses_no_request() -> None:
    memory = Memory(2)
    names = ("a", "b", "c", "d", "e")
    pool = memory.pool(*names)
    texts = [(names[number % 5], f"{number} says this") for number in range(300)]
    answers = await asyncio.gather(*(say(pool, name, text) for name, text in texts))
    assert answers == [text for _, text in texts]
    assert all(pool.model(name).users == 0 and pool.model(name).waiting == 0 for name in names)
    await pool.close()
    assert all(model.closed and not model.running for model in memory.open)


async def test_pinned_models_stay_and_say_so_when_nothing_else_is_left() -> None:
    memory = Memory(2)
    pool = ModelPool(
        {"a": memory.offer("a", pinned=True), "b": memory.offer("b"), "c": memory.offer("c")}, room=Room(2)
    )
    for name in ("a", "b", "c", "b"):
        await say(pool, name)
    assert pool.state("a") == "loaded" and memory.loads == ["a", "b", "c", "b"]
    full = ModelPool({"a": memory.offer("a", pinned=True), "b": Recital()}, room=Room(1))
    with pytest.raises(DoesNotFit, match="all of them are pinned"):
        await full.load("a")
    await pool.close()


async def test_a_model_that_cannot_be_loaded_is_told_to_each_and_poisons_nothing() -> None:
    memory = Memory(1)
    memory.broken = {"a"}
    pool = memory.pool("a", "b")
    asked = [asyncio.create_task(say(pool, name)) for name in ("a", "b", "a", "a")]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    failures = [answer for answer in answers if isinstance(answer, InvalidModel)]
    assert len(failures) == len(set(map(id, failures))) == 3 and answers[1] == "one two"
    assert memory.loads == ["a", "b"] and pool.state("a") == "idle"
    memory.broken.clear()
    assert await say(pool, "a") == "one two"
    await pool.close()


async def test_after_its_time_to_live_a_model_goes_unless_it_is_used() -> None:
    memory = Memory(2)
    pool = ModelPool({"a": memory.offer("a", ttl=0.02), "b": memory.offer("b", ttl=0.02, pinned=True)})
    await pool.open_all()
    memory.open[0].hold_at = 1
    held = asyncio.create_task(say(pool, "a"))
    await memory.open[0].held.wait()
    await asyncio.sleep(0.06)
    assert pool.state("a") == "loaded"
    memory.open[0].released.set()
    await held
    await until(lambda: pool.state("a") == "idle")
    assert memory.open[0].closed and pool.state("b") == "loaded"
    assert await say(pool, "a") == "one two"
    await pool.close()


async def test_only_so_many_wait_for_one_model() -> None:
    memory = Memory(1)
    pool = memory.pool("a", "b")
    await pool.load("b")
    memory.open[0].hold_at = 0
    held = asyncio.create_task(say(pool, "b"))
    await memory.open[0].held.wait()
    waiting = [asyncio.create_task(say(pool, "a")) for _ in range(MOST_WAITING + 1)]
    await until(lambda: waiting[-1].done())
    assert isinstance(waiting[-1].exception(), Overloaded)
    waiting[0].cancel()
    memory.open[0].released.set()
    assert await held == "one two"
    assert set(await asyncio.gather(*waiting[1:-1])) == {"one two"}
    assert pool.model("a").users == 0
    await pool.close()


def test_whatever_a_provider_can_do_is_lent() -> None:
    public = [name for name in vars(Provider) if not name.startswith("_")]
    assert "generate" in public and all(name in vars(LentProvider) for name in public)


async def test_aliases_stand_for_their_model_and_a_system_message_is_added_only_where_none_is() -> None:
    memory = Memory(1)
    pool = memory.pool("a", aliases=("gpt-4o",), system="Be brief.")
    assert await say(pool, "gpt-4o") == "one two" and pool.state("gpt-4o") == "loaded"
    provider = await pool.provider("gpt-4o")
    own = Conversation((Message("system", "Be long."), Message("user", "three")))
    assert [event async for event in provider.generate(Generation(prompt=own))]
    told = [generation.prompt for generation in memory.open[0].received]
    assert [isinstance(prompt, Conversation) and prompt.messages[0].content for prompt in told] == [
        "Be brief.",
        "Be long.",
    ]
    await pool.close()


async def test_what_comes_to_the_catalogue_is_served() -> None:
    memory, shelf = Memory(1), dict[str, ModelOffer]()
    pool = ModelPool({}, catalogue=lambda: shelf)
    shelf["new"] = memory.offer("new")
    assert await say(pool, "new") == "one two" and pool.names == ("new",)
    await pool.close()


async def test_an_administrator_loads_and_unloads() -> None:
    memory = Memory(1)
    pool = memory.pool("org/a:Q4", "b")
    async with serving(create_app(pool)) as url:
        status, _, body = await exchange(url, http("POST", "/v1/models/org/a:Q4/load"))
        assert (status, json.loads(body)) == (200, {"id": "org/a:Q4", "object": "model", "state": "loaded"})
        status, _, body = await exchange(url, http("POST", "/v1/models/org/a:Q4/unload"))
        assert json.loads(body)["state"] == "idle" and memory.open[0].closed
        status, _, body = await exchange(url, http("POST", "/v1/models/c/load"))
        assert status == 404 and error_of(body)["code"] == "model_not_found"
    await pool.close()


async def test_who_waits_for_a_load_is_answered_when_it_is_done() -> None:
    memory, gate = Memory(1), asyncio.Event()

    async def slow(progress: Progress) -> Provider:
        await gate.wait()
        return Recital()

    pool = ModelPool({"a": slow, "b": memory.offer("b")})
    async with (
        serving(create_app(pool)) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        asked = [
            asyncio.create_task(client.chat.completions.create(**chat("hello") | {"model": "a"}))
            for _ in range(3)
        ]
        await until(lambda: pool.model("a").waiting == 3)
        assert pool.state("a") == "loading"
        gate.set()
        answers = await asyncio.gather(*asked)
    assert {answer.choices[0].message.content for answer in answers} == {"hello"}
    await pool.close()
