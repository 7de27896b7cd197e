"""The numbers of one answer while it comes: speed, time to first token and context used.

While the answer runs they are measured here, at the reader's end; with Finished they become the engine's own.
Knows nothing of how they are shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta


@dataclass(frozen=True, slots=True)
class Reading:
    """What a live line shows; None is not known yet. Times in seconds, the rest in tokens."""

    context_length: int
    prompt_done: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    time_to_first_token: float | None = None
    tokens_per_second: float | None = None

    @property
    def context_used(self) -> int:
        return self.prompt_tokens + self.answer_tokens


class Meter:
    """Takes events in and gives readings out. Starts its clock when made."""

    def __init__(self, context_length: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._context_length = context_length
        self._prompt = (0, 0)
        self._tokens = 0
        self._first: float | None = None
        self._tokens_with_first = 0
        self._finished: Finished | None = None

    def take(self, event: Event) -> None:
        match event:
            case Prefill(done, total):
                self._prompt = (done, total)
            case TextDelta(tokens=tokens) | ReasoningDelta(tokens=tokens) | ToolCallDelta(tokens=tokens):
                self._tokens += tokens
                if self._first is None:
                    self._first, self._tokens_with_first = self._clock(), self._tokens
            case Finished():
                self._finished = event
            case _:
                assert_never(event)

    def reading(self) -> Reading:
        if self._finished is not None:
            return self._final(self._finished)
        return Reading(
            context_length=self._context_length,
            prompt_done=self._prompt[0],
            prompt_tokens=self._prompt[1],
            answer_tokens=self._tokens,
            time_to_first_token=None if self._first is None else self._first - self._started,
            tokens_per_second=self._speed(),
        )

    def _final(self, finished: Finished) -> Reading:
        return Reading(
            context_length=self._context_length,
            prompt_done=finished.usage.prompt_tokens,
            prompt_tokens=finished.usage.prompt_tokens,
            answer_tokens=finished.usage.completion_tokens,
            time_to_first_token=finished.timings.time_to_first_token,
            tokens_per_second=finished.tokens_per_second,
        )

    def _speed(self) -> float | None:
        """Tokens after the first delivery over the time since it."""
        later = self._tokens - self._tokens_with_first
        if self._first is None or later < 1:
            return None
        seconds = self._clock() - self._first
        return later / seconds if seconds > 0 else None
