"""The events of all choices of a request as one stream, in the order they come.

Knows nothing of the wire. Leaving the iterator cancels every choice, so use it under `aclosing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol, cast

from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta
from workbench.generation import Generation
from workbench.openai_dialect.reply import CollectedAnswer


class Answerer(Protocol):
    """What answers: a Provider, or something around one."""

    def generate(self, generation: Generation) -> AsyncIterator[Event]:
        """As Provider.generate."""


IndexedEvent = tuple[int, Event]


async def choices(provider: Answerer, generations: Sequence[Generation]) -> AsyncGenerator[IndexedEvent]:
    """Raises what the first failing choice raises, after the others were cancelled."""
    if len(generations) > 1:
        async with aclosing(_merged(provider, generations)) as merged:
            async for pair in merged:
                yield pair
        return
    async with aclosing(_events(provider, generations[0])) as events:
        async for event in events:
            yield 0, event


async def collect(provider: Answerer, generations: Sequence[Generation]) -> list[CollectedAnswer]:
    answers = [CollectedAnswer() for _ in generations]
    async with aclosing(choices(provider, generations)) as events:
        async for index, event in events:
            match event:
                case TextDelta() | ReasoningDelta() | ToolCallDelta():
                    answers[index].deltas.append(event)
                case Finished():
                    answers[index].finished = event
                case Prefill():
                    pass
    return answers


async def _merged(provider: Answerer, generations: Sequence[Generation]) -> AsyncGenerator[IndexedEvent]:
    queue: asyncio.Queue[IndexedEvent | Exception | None] = asyncio.Queue()
    pumps = [
        asyncio.create_task(_pump(provider, index, generation, queue))
        for index, generation in enumerate(generations)
    ]
    try:
        running = len(pumps)
        while running:
            item = await queue.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                running -= 1
            else:
                yield item
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(
    provider: Answerer,
    index: int,
    generation: Generation,
    queue: asyncio.Queue[IndexedEvent | Exception | None],
) -> None:
    try:
        async with aclosing(_events(provider, generation)) as events:
            async for event in events:
                queue.put_nowait((index, event))
    except Exception as error:  # handed to the reader, which raises it
        queue.put_nowait(error)
    else:
        queue.put_nowait(None)


def _events(provider: Answerer, generation: Generation) -> AsyncGenerator[Event]:
    """The contract promises an iterator whose closing cancels; that is what a generator is."""
    return cast(AsyncGenerator[Event], provider.generate(generation))
