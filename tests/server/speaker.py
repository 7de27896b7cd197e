"""A double for a model: it yields the events it was given, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from workbench.backend import ModelFacts, Provider
from workbench.events import Event, Prefill
from workbench.generation import Generation


class Speaker(Provider):
    """Says the same whatever it is asked."""

    def __init__(self, *events: Event) -> None:
        self.facts = ModelFacts(
            architecture="speaker", context_length=512, trained_context=512, parallel=8, vocabulary_size=256
        )
        self.events = events
        self.received: list[Generation] = []

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        self.received.append(generation)
        yield Prefill(1, 1, 0)
        for event in self.events:
            yield event

    async def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        return list(text.encode())

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode(errors="replace")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0] for _ in texts]

    async def close(self) -> None:
        """There is nothing to end."""
