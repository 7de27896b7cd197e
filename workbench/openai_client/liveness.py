"""Tells servers that take long from those that hang, so that nobody waits for the latter.

A server that reads a long prompt or loads a model still answers small questions meanwhile; one that does not
is left, as long as there is another one to ask. Knows nothing of what is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar

from workbench.events import Event
from workbench.openai_client.endpoint import Endpoint

Answer = TypeVar("Answer")
_SILENCE_SECONDS = 5.0
"""How long a server may be silent before it is asked whether it lives, and again."""
_PAUSE_SECONDS = 120.0
"""How long it may pause once its answer has begun: it may have to wait for room in its cache."""


async def while_alive(endpoint: Endpoint, answer: Awaitable[Answer], patience: int) -> Answer:
    """What is awaited of the server, of which nothing is asked meanwhile where `patience` is 0.

    Raises also Unreachable when so many small questions on end got no answer at all.
    """
    if not patience:
        return await answer
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(endpoint, patience))
            told = await answer
            watching.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return told


async def steadily(endpoint: Endpoint, events: AsyncGenerator[Event], patience: int) -> AsyncGenerator[Event]:
    """The events as they come; until the first one as `while_alive`.

    Raises Unreachable for a server that hangs.
    """
    event = await while_alive(endpoint, anext(events, None), patience)
    while event is not None:
        yield event
        try:
            async with asyncio.timeout(_PAUSE_SECONDS):
                event = await anext(events, None)
        except TimeoutError:
            raise endpoint.place.stalled() from None


async def _watch(endpoint: Endpoint, patience: int) -> None:
    silent = 0
    while silent < patience:
        await asyncio.sleep(_SILENCE_SECONDS)
        silent = 0 if await endpoint.is_alive() else silent + 1
    raise endpoint.place.hanging()
