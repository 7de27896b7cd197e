"""Goes through loading a model with llama.cpp as the engine would, and allocates nothing.

Only `load_mode` NONE goes with `no_alloc`: every other ends the process, and so does computing anything
afterwards. The parameters are the engine's own; see parameters.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from workbench.engine_settings import EngineSettings
from workbench_llama_cpp import parameters
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.devices import Device, devices
from workbench_llama_cpp.embedding_shape import EmbeddingShape
from workbench_llama_cpp.estimating.unbacked import withhold
from workbench_llama_cpp.refusals import context_error, load_error

Read = TypeVar("Read")
_LOGIT_BYTES = 4
_CELL_BYTES = 48
"""A token's position, shift and sequences (llama-kv-cells.h)."""


class DryModel:
    """A model without weights. Contexts of any settings may follow each other, but placement is fixed."""

    def __init__(
        self, skeleton: str, name: str, settings: EngineSettings, cards: Sequence[Device] | None
    ) -> None:
        """`name` is what messages call it. Raises InvalidModel or InvalidRequest."""
        parameters.check(settings)
        for device in devices(cards):
            withhold(device.buffer_type)
        wanted, self._kept = parameters.model_parameters(settings, lambda share: True, cards)
        for device in devices(cards):  # those of other machines are known only now
            withhold(device.buffer_type)
        wanted.no_alloc = True
        wanted.load_mode = llama().LLAMA_LOAD_MODE_NONE
        log.clear()
        self._model = llama().llama_model_load_from_file(os.fsencode(skeleton), wanted)
        if self._model is None:
            raise load_error(name, log.text())
        self.said = log.text()

    @property
    def trained_context(self) -> int:
        return int(llama().llama_model_n_ctx_train(self._model))

    def unreported_bytes(self, settings: EngineSettings, tokens: int) -> int:
        """What llama.cpp takes of the host's memory and does not count: logits, and a list of the tokens."""
        functions = llama()
        vocabulary = int(functions.llama_vocab_n_tokens(functions.llama_model_get_vocab(self._model)))
        cells = settings.parallel if functions.llama_model_is_recurrent(self._model) else tokens
        return vocabulary * settings.parallel * _LOGIT_BYTES + cells * _CELL_BYTES

    def unreported_for_vectors(self, shape: EmbeddingShape, settings: EngineSettings, length: int) -> int:
        """The same of the context that makes vectors: logits and vectors of a whole pass."""
        functions = llama()
        vocabulary = int(functions.llama_vocab_n_tokens(functions.llama_model_get_vocab(self._model)))
        row = vocabulary + int(functions.llama_model_n_embd_out(self._model))
        wanted = shape.context_parameters(self._model, settings, length)
        return row * int(wanted.n_batch) * _LOGIT_BYTES + int(wanted.n_ctx) * _CELL_BYTES

    def with_context(self, settings: EngineSettings, tokens: int, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of a context for so many tokens in all. Raises InvalidRequest or InvalidModel."""
        wanted = parameters.context_parameters(settings, tokens // settings.parallel)
        wanted.n_ctx = tokens
        return self._read(wanted, settings, tokens // settings.parallel, read)

    def with_embedding_context(
        self, shape: EmbeddingShape, settings: EngineSettings, length: int, read: Callable[[Any], Read]
    ) -> Read:
        """The same of the context that makes vectors of texts up to so many tokens."""
        return self._read(shape.context_parameters(self._model, settings, length), settings, length, read)

    def _read(self, wanted: Any, settings: EngineSettings, length: int, read: Callable[[Any], Read]) -> Read:
        log.clear()
        context = llama().llama_init_from_model(self._model, wanted)
        if context is None:
            raise context_error(log.text(), settings, length)
        try:
            return read(context)
        finally:
            llama().llama_free(context)

    def close(self) -> None:
        llama().llama_model_free(self._model)
