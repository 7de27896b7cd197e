"""A context that makes vectors: one pass over several sequences, and what it says of each.

Knows nothing of requests; see embedding.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.embedding import Vector
from workbench.errors import DoesNotFit, EngineDied
from workbench_llama_cpp import loading
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.cache import ContextMemory
from workbench_llama_cpp.embedding_shape import EmbeddingShape
from workbench_llama_cpp.pooling import RANK
from workbench_llama_cpp.slots import Tokens


class EmbeddingContext:
    """Pools as the model's file says, or as the settings do.

    Attributes:
        splits: Whether a text may be computed in parts; otherwise it takes one pass, however long it is.
        sequences: How many texts one pass takes at most.
        pass_tokens: How many tokens one pass takes at most.
    """

    def __init__(self, loaded: loading.Loaded) -> None:
        functions, model = llama(), loaded.model
        shape = EmbeddingShape.of(loaded.header, loaded.settings)
        assert shape is not None
        wanted = shape.context_parameters(model, loaded.settings, loaded.context_length)
        self.splits = shape.splits
        self.pass_tokens, self.sequences = int(wanted.n_batch), int(wanted.n_seq_max)
        self._llama = functions
        self._ranks = shape.pooling == RANK
        self._width: int = (
            functions.llama_model_n_cls_out(model) if self._ranks else functions.llama_model_n_embd_out(model)
        )
        self._context = self._made(loaded, wanted)
        self._memory = ContextMemory(model, self._context)
        self._batch = Batch(self.pass_tokens)

    def compute(self, pieces: Sequence[tuple[Tokens, int]]) -> None:
        """Tokens of the sequences 0, 1, ... and the position of the first of each."""
        self._batch.clear()
        for sequence, (tokens, position) in enumerate(pieces):
            self._batch.add(tokens, position, sequence, outputs=len(tokens))
        if self._llama.llama_decode(self._context, self._batch.structure()) != 0:
            raise EngineDied("llama.cpp could not compute an embedding.", "Ask again.")

    def vector(self, sequence: int) -> Vector:
        """What the last pass made of a sequence that ended in it."""
        values: Any = self._llama.llama_get_embeddings_seq(self._context, sequence)
        vector = np.ctypeslib.as_array(values, (self._width,)).astype(np.float64)
        norm = 1.0 if self._ranks else float(np.linalg.norm(vector)) or 1.0
        return array("f", (vector / norm).astype(np.float32).tobytes())

    def forget(self, sequences: Sequence[int]) -> None:
        for sequence in sequences:
            self._memory.truncate(sequence, 0)

    def close(self) -> None:
        if self._context is not None:
            self._llama.llama_free(self._context)
            self._context = None

    def _made(self, loaded: loading.Loaded, wanted: Any) -> Any:
        context = self._llama.llama_init_from_model(loaded.model, wanted)
        if context is None:
            raise DoesNotFit(
                "There is no memory for embeddings beside the model.", "Use a smaller --context."
            )
        loading.apply_loras(loaded, context)
        return context
