"""One sequence of tokens in a context of its own, and the logits after some of them.

Knows nothing of processes and pipes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ContextExceeded, InvalidModel, InvalidRequest
from workbench_llama_cpp import loading, parameters
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.refusals import context_error

_MOST_BYTES = 64 << 20


def most_outputs(vocabulary_size: int) -> int:
    """Tokens whose logits are kept at once, so that a large vocabulary takes no more than a small one."""
    return max(1, min(parameters.BATCH, _MOST_BYTES // (4 * vocabulary_size)))


class Sequence:
    """Owns the context, not the model."""

    def __init__(self, loaded: loading.Loaded) -> None:
        self._llama = llama()
        self._vocabulary = loaded.vocabulary
        self._most = loaded.context_length
        self._context = _context(loaded)
        self._memory = self._llama.llama_get_memory(self._context)
        self._batch = Batch(parameters.BATCH)
        self._length = 0

    def extend(self, tokens: NDArray[np.int32], outputs: int, logits: NDArray[np.float32]) -> None:
        """Compute tokens; the logits after the last `outputs` go into the first rows of `logits`."""
        self._check(tokens, outputs, len(logits))
        quiet = len(tokens) - outputs
        for start in range(0, len(tokens), parameters.BATCH):
            piece = tokens[start : start + parameters.BATCH]
            loud = min(len(piece), max(0, start + len(piece) - quiet))
            self._decode(piece, loud)
            if loud:
                row = start + len(piece) - loud - quiet
                logits[row : row + loud] = self._logits(loud, logits.shape[1])

    def forget(self) -> None:
        self._llama.llama_memory_clear(self._memory, True)
        self._length = 0

    def _check(self, tokens: NDArray[np.int32], outputs: int, most: int) -> None:
        self._vocabulary.check(tokens.tolist())
        if not 0 <= outputs <= min(len(tokens), most):
            raise InvalidRequest(
                f"Logits of {outputs} tokens cannot be had.",
                f"Ask for those of at most {most}, of those given.",
            )
        if self._length + len(tokens) > self._most:
            raise ContextExceeded(
                f"{self._length + len(tokens)} tokens do not fit into a context of {self._most}.",
                "Give less text, or more --context.",
            )

    def _decode(self, tokens: NDArray[np.int32], outputs: int) -> None:
        self._batch.clear()
        self._batch.add(tokens, self._length, 0, outputs)
        if self._llama.llama_decode(self._context, self._batch.structure()) != 0:
            raise InvalidModel("llama.cpp could not compute the text.", "Try it on the CPU: --gpu-layers 0.")
        self._length += len(tokens)

    def _logits(self, rows: int, width: int) -> NDArray[np.float32]:
        values: Any = self._llama.llama_get_logits(self._context)
        return np.ctypeslib.as_array(values, (rows, width))


def _context(loaded: loading.Loaded) -> Any:
    log.clear()
    wanted = parameters.context_parameters(loaded.settings, loaded.context_length)
    wanted.n_outputs_max = most_outputs(loaded.vocabulary.size)
    context = llama().llama_init_from_model(loaded.model, wanted)
    if context is None:
        raise context_error(log.text(), loaded.settings, loaded.context_length)
    loading.apply_loras(loaded, context)
    return context
