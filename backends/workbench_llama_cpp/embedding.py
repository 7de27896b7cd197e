"""Vectors of texts, in a context of their own, made at the first use.

Each input is computed whole in one pass, because such models look both ways. Knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.errors import ContextExceeded, DoesNotFit, EngineDied, InvalidRequest
from workbench_llama_cpp import parameters
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.cache import ContextMemory
from workbench_llama_cpp.loading import Loaded


class EmbeddingContext:
    """Pools as the model's file says."""

    def __init__(self, loaded: Loaded) -> None:
        self._llama = llama()
        self._length = loaded.context_length
        self._width: int = self._llama.llama_model_n_embd_out(loaded.model)
        self._context = self._llama.llama_init_from_model(loaded.model, _context_parameters(loaded))
        if self._context is None:
            raise DoesNotFit(
                "There is no memory for embeddings beside the model.", "Use a smaller --context."
            )
        self._memory = ContextMemory(loaded.model, self._context)
        self._batch = Batch(self._length)

    def embed(self, tokens: Sequence[int]) -> list[float]:
        """A vector of unit length, shape (embedding_length,)."""
        if not tokens:
            raise InvalidRequest("A text to embed is empty.", "Give at least one word.")
        if len(tokens) > self._length:
            raise ContextExceeded(
                f"A text has {len(tokens)} tokens, the context holds {self._length}.",
                "Shorten the text or load the model with more --context.",
            )
        self._memory.clear()
        self._batch.clear()
        self._batch.add_all_outputs(tokens)
        if self._llama.llama_decode(self._context, self._batch.structure()) != 0:
            raise EngineDied("llama.cpp could not compute an embedding.", "Ask again.")
        values: Any = self._llama.llama_get_embeddings_seq(self._context, 0)
        vector = np.ctypeslib.as_array(values, (self._width,)).astype(np.float64)
        norm = float(np.linalg.norm(vector))
        return [float(value) for value in (vector / norm if norm else vector)]

    def close(self) -> None:
        if self._context is not None:
            self._llama.llama_free(self._context)
            self._context = None


def _context_parameters(loaded: Loaded) -> Any:
    wanted = parameters.context_parameters(loaded.settings, loaded.context_length)
    wanted.n_ctx = wanted.n_batch = wanted.n_ubatch = loaded.context_length
    wanted.n_seq_max = 1
    wanted.n_outputs_max = 0
    wanted.embeddings = True
    return wanted
