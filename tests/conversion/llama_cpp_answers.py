"""What llama.cpp itself makes of a GGUF file: its tokens of a text, its logits and its vectors."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import TracebackType

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from workbench_llama_cpp.binding import llama

_MAX_TOKENS = 4096
Floats = NDArray[np.float32]


class Model:
    """A model held in this process; use it as a context."""

    def __init__(self, path: Path, *lora: Path, embeddings: bool = False) -> None:
        llama()  # keeps the log, which would fill the screen otherwise
        settings = llama_cpp.llama_model_default_params()
        settings.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), settings)
        assert self._model, path
        self.vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        context = llama_cpp.llama_context_default_params()
        context.n_ctx = context.n_batch = context.n_ubatch = 512
        context.n_threads = context.n_threads_batch = 1
        context.embeddings = embeddings
        context.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        context.type_k = context.type_v = llama_cpp.GGML_TYPE_F32
        self._context = llama_cpp.llama_init_from_model(self._model, context)
        assert self._context
        self._adapters = [self._adapter(path) for path in lora]

    def __enter__(self) -> Model:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def tokens(self, text: str, *, special: bool = False) -> list[int]:
        raw = text.encode()
        room = (llama_cpp.llama_token * _MAX_TOKENS)()
        count = llama_cpp.llama_tokenize(self.vocabulary, raw, len(raw), room, _MAX_TOKENS, True, special)
        assert count >= 0
        return list(room[:count])

    def logits(self, tokens: list[int]) -> Floats:
        """Those after each of the tokens: (tokens, vocabulary)."""
        self._decode(tokens)
        size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        rows = [llama_cpp.llama_get_logits_ith(self._context, index) for index in range(len(tokens))]
        return np.stack([np.ctypeslib.as_array(row, (size,)).copy() for row in rows])

    def embedding(self, tokens: list[int]) -> Floats:
        """Pooled as the file says, of length one: (dimensions,)."""
        self._decode(tokens)
        size = llama_cpp.llama_model_n_embd(self._model)
        vector = np.ctypeslib.as_array(llama_cpp.llama_get_embeddings_seq(self._context, 0), (size,)).copy()
        return vector / np.linalg.norm(vector)

    def _decode(self, tokens: list[int]) -> None:
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index], batch.pos[index], batch.logits[index] = token, index, 1
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, 0
        memory = llama_cpp.llama_get_memory(self._context)
        if memory:
            llama_cpp.llama_memory_clear(memory, True)
        assert llama_cpp.llama_decode(self._context, batch) == 0
        llama_cpp.llama_batch_free(batch)

    def _adapter(self, path: Path) -> object:
        adapter = llama_cpp.llama_adapter_lora_init(self._model, str(path).encode())
        assert adapter, path
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
        assert llama_cpp.llama_set_adapters_lora(self._context, adapters, 1, (ctypes.c_float * 1)(1.0)) == 0
        return adapter
