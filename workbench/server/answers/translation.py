"""An answer in a dialect whose streams are made of named events, sent as they come or gathered first.

Knows no dialect: a translator turns the events of an answer into theirs, and keeps what they add up to.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from msgspec import Struct

from workbench.backend import Provider
from workbench.events import Event
from workbench.generation import Generation
from workbench.openai_dialect.constraint_faults import Naming
from workbench.server.answers.choices import choices
from workbench.server.answers.event_stream import named


class Translator(Protocol):
    """Made for one request."""

    def take(self, event: Event) -> Sequence[Struct]:
        """The dialect's events that this one means."""


async def translated(
    provider: Provider,
    generation: Generation,
    translator: Translator,
    written: Callable[[Struct], bytes] = named,
) -> AsyncGenerator[bytes]:
    """The events of the answer as they go over the wire, each `written` there."""
    async with aclosing(choices(provider, [generation])) as events:
        async for _, event in events:
            yield b"".join(map(written, translator.take(event)))


async def naming(messages: AsyncGenerator[bytes], named_faults: Naming) -> AsyncGenerator[bytes]:
    """The messages; constraints that are refused meanwhile become errors that name their parameter."""
    with named_faults():
        async with aclosing(messages):
            async for message in messages:
                yield message


async def gather(provider: Provider, generation: Generation, translator: Translator) -> None:
    """Give the translator the whole answer."""
    async with aclosing(choices(provider, [generation])) as events:
        async for _, event in events:
            translator.take(event)
