"""Many streams at once, each with its own words."""

from __future__ import annotations

import asyncio

import openai

from tests.server.loopback import chat, client_of
from tests.server.recital import Recital


async def _say(client: openai.AsyncOpenAI, model: str, text: str) -> str:
    stream = await client.chat.completions.create(**chat(text) | {"model": model}, stream=True)
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


async def test_streams_do_not_mix() -> None:
    sayings = [" ".join(f"{number}.{word}" for word in range(30)) for number in range(40)]
    names = ("north", "south")
    async with client_of(Recital(), Recital(), names=names) as client:
        answers = await asyncio.gather(
            *(_say(client, names[number % 2], saying) for number, saying in enumerate(sayings))
        )
    assert answers == sayings


async def test_a_held_stream_holds_nobody_else() -> None:
    model = Recital(hold_at=3)
    async with client_of(model) as client:
        slow = asyncio.create_task(_say(client, "guide", "one two three four"))
        await asyncio.wait_for(model.held.wait(), 10)
        assert await _say(client, "guide", "quick one") == "quick one"
        assert not slow.done()
        model.released.set()
        assert await slow == "one two three four"
