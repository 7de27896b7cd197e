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


async def while_alive(endpoint: Endpoint, answer: Awaitable[Answer]) -> Answer:
    """What is awaited of the server. Raises also Unreachable when it answers nothing at all meanwhile."""
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(endpoint))
            told = await answer
            watching.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return told


async def steadily(
    endpoint: Endpoint, events: AsyncGenerator[Event], *, watched: bool
) -> AsyncGenerator[Event]:
    """The events as they come; until the first one the server is `watched`, if that is wanted.

    Raises Unreachable for a server that hangs.
    """
    first = anext(events, None)
    event = await (while_alive(endpoint, first) if watched else first)
    while event is not None:
        yield event
        try:
            async with asyncio.timeout(_PAUSE_SECONDS):
                event = await anext(events, None)
        except TimeoutError:
            raise endpoint.place.stalled() from None


async def _watch(endpoint: Endpoint) -> None:
    while True:
        await asyncio.sleep(_SILENCE_SECONDS)
        if not await endpoint.is_alive():
            raise endpoint.place.hanging()
