"""How large a context that makes vectors is; the engine makes it so, and the estimator measures it.

Knows nothing of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench_llama_cpp import parameters
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.pooling import LAST, RANK, capability, pooling

_SEQUENCES = 64


@dataclass(frozen=True, slots=True)
class EmbeddingShape:
    """What decides the size.

    Attributes:
        pooling: llama.cpp's number of how vectors of tokens become one.
        splits: Whether a text may be computed in parts; otherwise it takes one pass, however long it is.
    """

    pooling: int
    splits: bool

    @classmethod
    def of(cls, header: Header, settings: EngineSettings) -> EmbeddingShape | None:
        """None where the model makes no vectors. Raises as pooling does."""
        if capability(header, settings) is None:
            return None
        kind = pooling(header, settings)
        return cls(kind, causal(header) and kind in (LAST, RANK))

    def pass_tokens(self, settings: EngineSettings, context_length: int) -> int:
        """How many tokens one pass takes at most; llama.cpp wants as many of each sequence."""
        tokens = settings.micro_batch if self.splits else max(settings.micro_batch, context_length)
        return tokens if tokens < _SEQUENCES else tokens + -tokens % _SEQUENCES

    def sequences(self, model: Any, pass_tokens: int) -> int:
        """How many texts one pass takes at most."""
        functions = llama()
        recurrent = functions.llama_model_is_recurrent(model) or functions.llama_model_is_hybrid(model)
        return 1 if recurrent else min(_SEQUENCES, pass_tokens)

    def context_parameters(self, model: Any, settings: EngineSettings, context_length: int) -> Any:
        """llama_context_params."""
        wanted = parameters.context_parameters(settings, context_length)
        wanted.n_batch = wanted.n_ubatch = self.pass_tokens(settings, context_length)
        wanted.n_ctx = wanted.n_batch + (context_length if self.splits else 0)
        wanted.n_seq_max = self.sequences(model, wanted.n_batch)
        wanted.kv_unified = True
        wanted.n_outputs_max = 0
        wanted.embeddings = True
        wanted.pooling_type = self.pooling
        return wanted


def causal(header: Header) -> bool:
    """Whether each token sees those before it alone."""
    return header.metadata.get(f"{header.architecture}.attention.causal", True) is not False
