"""From the logits that a step computed to the events of a request: what is drawn, and whether it ends there.

Knows nothing of batches, and nothing of other requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.backend import PromptComputed, RequestEnded, RequestFailed, StepEvent, TokenDrawn
from workbench.errors import EngineDied, WorkbenchError
from workbench.events import FinishReason
from workbench.logprobs import sampled_token
from workbench.sampler_trace import Traced, TraceRequest
from workbench_llama_cpp.active import Active
from workbench_llama_cpp.loading import Loaded
from workbench_llama_cpp.logits import logits
from workbench_llama_cpp.slots import Slots
from workbench_llama_cpp.tracing import trace

PATIENCE_SECONDS = 0.005
"""How long a step waits for what a constraint allows next; who needs longer draws beside a later step."""


class Drawing:
    """Bound to one context."""

    def __init__(self, context: Any, loaded: Loaded, slots: Slots) -> None:
        self._context = context
        self._vocabulary = loaded.vocabulary
        self._context_length = loaded.context_length
        self._slots = slots

    def advance(self, active: Active) -> list[StepEvent]:
        """What this step brought for one request."""
        events: list[StepEvent] = []
        if active.drawn == 0:
            done, total = active.slot_length, len(active.prompt)
            events.append(PromptComputed(active.request.id, done, total, active.cached))
        if active.in_prompt:
            return events
        if active.request.max_tokens == 0:
            return [*events, _end(active, "length")]
        if active.tracing is not None:
            return [self._traced(active, active.tracing), _end(active, "stop")]
        return events + self._draw_checked(active)

    def _traced(self, active: Active, request: TraceRequest) -> Traced:
        assert active.row is not None
        row = logits(self._context, active.row, self._vocabulary.size)
        return Traced(request.id, trace(request, row, self._vocabulary, self._context_length))

    def _draw_checked(self, active: Active) -> list[StepEvent]:
        """Draw after the last token, and after each draft as long as that is what was drawn."""
        events, kept = list[StepEvent](), 0
        drafted = len(active.drafts) > 0
        for row, draft in zip(active.rows, [*active.drafts, None], strict=True):
            active.undecided = drafted and active.sampler.undecided(self._context, row)
            if active.undecided:
                break
            active.row = row
            events += self.draw(active)
            if ended(events):
                return events
            kept += 1
            if not active.accepts(draft):
                break
        if drafted and not active.take_back(self._slots, kept):
            raise EngineDied("llama.cpp could not take back drafted tokens.", "Use --speculate off.")
        return events

    def draw(self, active: Active) -> list[StepEvent]:
        """One more token. A request whose constraint needs longer than the step draws beside a later one."""
        row = self._logits(active)
        if active.matching is not None and not active.matching.ready(PATIENCE_SECONDS):
            active.held = row.copy() if active.held is None else active.held
            return []
        active.held = None
        try:
            token = self._next_token(active, row)
            if token is None:
                return [_end(active, "stop")]
            complete = active.matching is not None and active.matching.take(token, PATIENCE_SECONDS)
        except WorkbenchError as error:
            return [RequestFailed(active.request.id, error)]
        return [self._drawn(active, token, row), *self._end_after(active, complete)]

    def _logits(self, active: Active) -> NDArray[np.float32]:
        if active.held is not None:
            return active.held
        assert active.row is not None
        return logits(self._context, active.row, self._vocabulary.size)

    def _next_token(self, active: Active, row: NDArray[np.float32]) -> int | None:
        """None where the answer ends. What a constraint allows at its end is an end token at most."""
        if active.matching is None:
            assert active.row is not None
            token = active.sampler.draw(self._context, active.row)
            return None if self._vocabulary.ends(token) and not active.request.ignore_end else token
        allowed = active.matching.allowed()
        if not len(allowed):
            return None
        token = active.sampler.draw_among(row, allowed)
        return None if self._vocabulary.ends(token) else token

    def _drawn(self, active: Active, token: int, row: NDArray[np.float32]) -> TokenDrawn:
        active.next_token = token
        active.drawn += 1
        piece, wanted = self._vocabulary.piece_showing(active.request.shown), active.request.logprobs
        logprobs = None if wanted is None else sampled_token(row, token, wanted, piece)
        return TokenDrawn(active.request.id, token, piece(token), logprobs)

    def _end_after(self, active: Active, complete: bool) -> list[StepEvent]:
        if complete:
            return [_end(active, "stop")]
        full = active.drawn == active.most_tokens(self._context_length)
        return [_end(active, "length")] if full else []


def ended(events: Sequence[StepEvent]) -> bool:
    """Whether these, of one request, end with its end."""
    return bool(events) and isinstance(events[-1], RequestEnded | RequestFailed)


def _end(active: Active, reason: FinishReason) -> RequestEnded:
    return RequestEnded(active.request.id, reason, active.usage())
