"""The media of running requests: which is next, and its way into the context.

An image or a sound takes a step of its own, beside which the others wait. Knows nothing of sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.backend import RequestFailed, StepEvent, TokenRequest
from workbench.errors import EngineDied, InvalidRequest, Unsupported
from workbench_llama_cpp.active import Active
from workbench_llama_cpp.binding import log
from workbench_llama_cpp.mixed_prompt import Chunk, MixedPrompt
from workbench_llama_cpp.projector import Projector
from workbench_llama_cpp.slots import Slots

_NO_ROOM = 1


class Media:
    """Bound to one context and its slots, with or without a projector."""

    def __init__(self, projector: Projector | None, context: Any, slots: Slots) -> None:
        self._projector, self._context, self._slots = projector, context, slots

    def prepared(self, request: TokenRequest) -> TokenRequest:
        """With its media read, on any thread. Raises Unsupported without a projector, and as that reads."""
        if not request.mixed or request.prepared is not None:
            return request
        if self._projector is None:
            raise Unsupported("This model reads text alone.", "Load it with a projector.")
        read = self._projector.read(request.mixed)
        return replace(request, prompt=tuple(read.tokens.tolist()), prepared=read)

    def step(self, running: Sequence[Active], drop: Callable[[Active], None]) -> list[StepEvent]:
        """One image or sound, so that answers go on between several. What cannot be computed is dropped."""
        active = next((active for active in running if active.medium is not None), None)
        if active is None:
            return []
        try:
            self._compute(active)
        except InvalidRequest as error:
            drop(active)
            return [RequestFailed(active.request.id, error)]
        return []

    def _compute(self, active: Active) -> None:
        chunk, slot = active.medium, active.slot
        assert chunk is not None and slot is not None and self._projector is not None
        embeddings = self._projector.embeddings(chunk)
        place = (self._context, slot.position, slot.sequence)
        result = self._projector.decode(chunk, embeddings, *place)
        if result == _NO_ROOM:
            self._slots.forget_idle()
            if self._slots.drop_beyond(slot):
                result = self._projector.decode(chunk, embeddings, *place)
        if result != 0:
            raise EngineDied(
                f"llama.cpp could not compute an image or a sound (code {result}): {log.reason()}.",
                "Ask again.",
            )
        slot.extend(chunk.rows)


def chunks_of(request: TokenRequest) -> Mapping[int, Chunk]:
    return request.prepared.chunks if isinstance(request.prepared, MixedPrompt) else {}


def spoken(request: TokenRequest) -> Sequence[int]:
    """The prompt's tokens of text."""
    return [token for token in request.prompt if token >= 0] if request.mixed else request.prompt
