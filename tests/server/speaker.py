"""A double for a model: it yields the events it was given, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from workbench.backend import ModelFacts, Provider
from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from workbench.generation import Generation

THOUGHT_AND_CALLS: tuple[Event, ...] = (
    Prefill(0, 20, 4),
    ReasoningDelta("It is ", 2),
    ReasoningDelta("about weather.", 2),
    TextDelta("Let me ", 2),
    TextDelta("look.", 1),
    ToolCallDelta(0, id="call_1", name="weather", tokens=1),
    ToolCallDelta(0, '{"city":', tokens=1),
    ToolCallDelta(0, '"Oslo"}', tokens=1),
    ToolCallDelta(1, id="call_2", name="clock", tokens=1),
    Finished("tool_calls", Usage(20, 4, 12, 4)),
)
"""What a model may say that thinks, speaks and then asks for two calls, one of them without arguments."""


class Speaker(Provider):
    """Says the same whatever it is asked, and raises where that is an error."""

    def __init__(self, *events: Event | Exception) -> None:
        self.facts = ModelFacts(
            architecture="speaker", context_length=512, trained_context=512, parallel=8, vocabulary_size=256
        )
        self.events = events
        self.received: list[Generation] = []

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        self.received.append(generation)
        if not isinstance(self.events[0], Prefill):
            yield Prefill(1, 1, 0)
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event

    async def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        return list(text.encode())

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode(errors="replace")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0] for _ in texts]

    async def close(self) -> None:
        """There is nothing to end."""
