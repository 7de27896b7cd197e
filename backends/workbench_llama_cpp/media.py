"""The media of running requests: which is next, and its way into the context.

One at a time is encoded, beside the steps of those that can go on; putting what comes of it into the context
takes a step. Knows nothing of sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
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
_PATIENCE_SECONDS = 0.05
"""How long a step waits for a medium when nothing else can go on; its owner may want something meanwhile."""


class Media:
    """Bound to one context and its slots, with or without a projector."""

    def __init__(self, projector: Projector | None, context: Any, slots: Slots) -> None:
        self._projector, self._context, self._slots = projector, context, slots
        self._encoder = ThreadPoolExecutor(1, "encoding")
        self._encoding: tuple[Active, Future[Any]] | None = None

    def prepared(self, request: TokenRequest) -> TokenRequest:
        """With its media read, on any thread. Raises Unsupported without a projector, and as that reads."""
        if not request.mixed or request.prepared is not None:
            return request
        if self._projector is None:
            raise Unsupported("This model reads text alone.", "Load it with a projector.")
        read = self._projector.read(request.mixed)
        return replace(request, prompt=tuple(read.tokens.tolist()), prepared=read)

    def step(self, running: Sequence[Active], drop: Callable[[Active], None]) -> list[StepEvent]:
        """Go on with one image or sound; what cannot be computed is dropped."""
        self._encoding = self._encoding or self._begun(running)
        if self._encoding is None:
            return []
        active, made = self._encoding
        others = any(one.medium is None for one in running)
        wait([made], 0 if others else _PATIENCE_SECONDS)
        if not made.done():
            return []
        self._encoding = None
        if active not in running:
            return []
        try:
            self._put(active, made.result())
        except InvalidRequest as error:
            drop(active)
            return [RequestFailed(active.request.id, error)]
        return []

    def close(self) -> None:
        """Wait for what is being encoded. Idempotent."""
        self._encoder.shutdown(cancel_futures=True)

    def _begun(self, running: Sequence[Active]) -> tuple[Active, Future[Any]] | None:
        """The next one, on its way."""
        for active in running:
            if active.medium is not None and self._projector is not None:
                return active, self._encoder.submit(self._projector.embeddings, active.medium)
        return None

    def _put(self, active: Active, embeddings: Any) -> None:
        chunk, slot = active.medium, active.slot
        assert chunk is not None and slot is not None and self._projector is not None
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
