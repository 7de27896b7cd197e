"""Requests whose passes are timed alone: what llama-bench measures, one pass in each step of the engine.

Nothing is drawn and nobody is told in between, so the time is llama.cpp's own but for microseconds. Knows
nothing of the engine's other requests, which it must not share a step with.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import ContextExceeded, InvalidRequest
from workbench.passes import PassesTimed, PassRequest
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.decoding import decode
from workbench_llama_cpp.parameters import BATCH
from workbench_llama_cpp.slots import Slot, Slots, Tokens
from workbench_llama_cpp.vocabulary import Vocabulary


@dataclass(slots=True, eq=False)
class Measured:
    """A request at work: what comes before is computed first, and time is taken from there on."""

    request: PassRequest
    slot: Slot
    held: Tokens
    tokens: Tokens
    started: float | None = None

    def next_piece(self) -> Tokens:
        """What the next pass computes, as llama-bench divides it; empty at the end."""
        length = self.slot.length
        if length < len(self.held):
            return self.held[length : length + BATCH]
        start = length - len(self.held)
        return self.tokens[start : start + (BATCH if self.request.together else 1)]


class TimedPasses:
    """Bound to one context, whose sequences it takes from the slots."""

    def __init__(
        self, context: Any, batch: Batch, slots: Slots, vocabulary: Vocabulary, context_length: int
    ) -> None:
        self._context = context
        self._batch = batch
        self._slots = slots
        self._vocabulary = vocabulary
        self._context_length = context_length
        self._waiting: deque[PassRequest] = deque()
        self._running: Measured | None = None

    @property
    def busy(self) -> bool:
        return bool(self._running or self._waiting)

    def take(self, request: PassRequest) -> None:
        """Raises InvalidRequest and ContextExceeded, and keeps nothing then."""
        if not request.tokens:
            raise InvalidRequest("There are no tokens to time.", "Give at least one.")
        self._vocabulary.check(request.held + request.tokens)
        length = len(request.held) + len(request.tokens)
        if length > self._context_length:
            raise ContextExceeded(
                f"The passes take {length} tokens, the context holds {self._context_length}.",
                "Measure fewer, or load the model with more --context.",
            )
        self._waiting.append(request)

    def cancel(self, request_id: int) -> None:
        self._waiting = deque(request for request in self._waiting if request.id != request_id)
        if self._running and self._running.request.id == request_id:
            self._end(self._running)

    def step(self) -> Sequence[PassesTimed]:
        """One pass, of the request that came first. Needs a free slot where none is begun."""
        running = self._running = self._running or self._begun(self._waiting.popleft())
        if running.started is None and running.slot.length >= len(running.held):
            running.started = time.perf_counter()
        self._compute(running.slot, running.next_piece())
        if running.started is None or len(running.next_piece()):
            return ()
        seconds = time.perf_counter() - running.started
        self._end(running)
        return (PassesTimed(running.request.id, seconds),)

    def _begun(self, request: PassRequest) -> Measured:
        """The last of what is held is computed again, so that copies which llama.cpp puts off are made."""
        held, tokens = np.array(request.held, np.int32), np.array(request.tokens, np.int32)
        return Measured(request, self._slots.take(held), held, tokens)

    def _compute(self, slot: Slot, piece: Tokens) -> None:
        self._batch.clear()
        self._batch.add(piece, slot.position, slot.sequence, outputs=1)
        decode(self._context, self._batch, self._slots)
        llama().llama_synchronize(self._context)
        slot.extend(piece)

    def _end(self, running: Measured) -> None:
        self._slots.release(running.slot)
        self._running = None
