"""The events of an answer as those of a dialect, one kind at a time. Knows no dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar, assert_never

from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta

Told = TypeVar("Told")


class EventTranslator(ABC, Generic[Told]):
    """Made for one answer. What says nothing is passed over."""

    def translated(self, event: Event) -> Iterator[Told]:
        match event:
            case Prefill():
                yield from self._prefilled()
            case TextDelta():
                if event.text or event.logprobs:
                    yield from self._text(event)
            case ReasoningDelta():
                if event.text or event.logprobs:
                    yield from self._thought(event)
            case ToolCallDelta():
                yield from self._called(event)
            case Finished():
                yield from self._finish(event)
            case _:
                assert_never(event)

    def _prefilled(self) -> Iterator[Told]:
        """Some of the prompt is computed; most dialects have no word for that."""
        yield from ()

    @abstractmethod
    def _text(self, delta: TextDelta) -> Iterator[Told]: ...

    @abstractmethod
    def _thought(self, delta: ReasoningDelta) -> Iterator[Told]: ...

    @abstractmethod
    def _called(self, delta: ToolCallDelta) -> Iterator[Told]: ...

    @abstractmethod
    def _finish(self, finished: Finished) -> Iterator[Told]: ...
