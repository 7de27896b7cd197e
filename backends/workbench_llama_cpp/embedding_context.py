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
from workbench_llama_cpp import loading, parameters
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.cache import ContextMemory
from workbench_llama_cpp.pooling import LAST, RANK, pooling
from workbench_llama_cpp.slots import Tokens

_SEQUENCES = 64


class EmbeddingContext:
    """Pools as the model's file says, or as the settings do.

    Attributes:
        splits: Whether a text may be computed in parts; otherwise it takes one pass, however long it is.
        sequences: How many texts one pass takes at most.
        pass_tokens: How many tokens one pass takes at most.
    """

    def __init__(self, loaded: loading.Loaded) -> None:
        functions, model = llama(), loaded.model
        kind = pooling(loaded.header, loaded.settings)
        recurrent = functions.llama_model_is_recurrent(model) or functions.llama_model_is_hybrid(model)
        self.splits = loading.causal(loaded.header) and kind in (LAST, RANK)
        micro_batch, length = loaded.settings.micro_batch, loaded.context_length
        self.pass_tokens = micro_batch if self.splits else max(micro_batch, length)
        self.sequences = 1 if recurrent else min(_SEQUENCES, self.pass_tokens)
        self._llama = functions
        self._ranks = kind == RANK
        self._width: int = (
            functions.llama_model_n_cls_out(model) if self._ranks else functions.llama_model_n_embd_out(model)
        )
        self._context = self._made(loaded, kind)
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

    def _made(self, loaded: loading.Loaded, kind: int) -> Any:
        wanted = parameters.context_parameters(loaded.settings, loaded.context_length)
        wanted.n_batch = wanted.n_ubatch = self.pass_tokens
        wanted.n_ctx = self.pass_tokens + (loaded.context_length if self.splits else 0)
        wanted.n_seq_max = self.sequences
        wanted.kv_unified = True
        wanted.n_outputs_max = 0
        wanted.embeddings = True
        wanted.pooling_type = kind
        context = self._llama.llama_init_from_model(loaded.model, wanted)
        if context is None:
            raise DoesNotFit(
                "There is no memory for embeddings beside the model.", "Use a smaller --context."
            )
        loading.apply_loras(loaded, context)
        return context
