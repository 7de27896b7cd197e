"""The answer of no tokens, which some ask for to have a prompt counted. Nothing is computed for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from workbench.backend import Provider
from workbench.events import Event, Finished, Usage
from workbench.generation import Generation


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Stands in for the provider."""

    provider: Provider

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        yield Finished("length", Usage(await self.provider.prompt_length(generation)))
