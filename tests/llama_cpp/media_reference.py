"""What llama.cpp itself makes of a prompt with media: with its own tokenizer for them, step by step.

Nothing of the engine is used here but the bound functions.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.mtmd import mtmd

Logits = NDArray[np.float32]
_MARKER = "<__media__>"


class Reference:
    """One model and its projector in a context of their own; used as a context manager."""

    def __init__(self, model: Path, projector: Path) -> None:
        functions, media = llama(), mtmd()
        self._model = functions.llama_model_load_from_file(
            os.fsencode(model), functions.llama_model_default_params()
        )
        wanted = functions.llama_context_default_params()
        wanted.n_ctx, wanted.n_batch, wanted.n_ubatch, wanted.n_threads = 512, 512, 512, 1
        self._context = functions.llama_init_from_model(self._model, wanted)
        self._media = media.mtmd_init_from_file(
            os.fsencode(projector), self._model, media.mtmd_context_params_default()
        )

    def __enter__(self) -> Reference:
        return self

    def __exit__(self, *gone: object) -> None:
        mtmd().mtmd_free(self._media)
        llama().llama_free(self._context)
        llama().llama_model_free(self._model)

    def read(self, texts: Sequence[str], files: Sequence[bytes]) -> tuple[int, Logits]:
        """How many tokens the prompt has, a file between every two texts, and the logits after it."""
        functions, media = llama(), mtmd()
        bitmaps = [self._bitmap(data) for data in files]
        content = _MARKER.join(texts).encode()
        text = media.mtmd_input_text(content, len(content), True, True)
        chunks = media.mtmd_input_chunks_init()
        array = (ctypes.c_void_p * len(bitmaps))(*bitmaps)
        assert media.mtmd_tokenize(self._media, chunks, ctypes.byref(text), array, len(bitmaps)) == 0
        count = media.mtmd_helper_get_n_tokens(chunks)
        memory = functions.llama_get_memory(self._context)
        functions.llama_memory_clear(memory, True)
        after = ctypes.c_int32()
        read = media.mtmd_helper_eval_chunks(
            self._media, self._context, chunks, 0, 0, 512, True, ctypes.byref(after)
        )
        assert read == 0
        media.mtmd_input_chunks_free(chunks)
        for bitmap in bitmaps:
            media.mtmd_bitmap_free(bitmap)
        self._position = after.value
        return count, self._logits()

    def answer(self, texts: Sequence[str], files: Sequence[bytes], length: int) -> list[int]:
        """The likeliest tokens."""
        _, logits = self.read(texts, files)
        tokens = [int(logits.argmax())]
        while len(tokens) < length:
            token = (ctypes.c_int32 * 1)(tokens[-1])
            batch = llama().llama_batch_get_one(token, 1)
            positions = (ctypes.c_int32 * 1)(self._position)
            batch.pos = ctypes.cast(positions, ctypes.POINTER(ctypes.c_int32))
            assert llama().llama_decode(self._context, batch) == 0
            self._position += 1
            tokens.append(int(self._logits().argmax()))
        return tokens

    def _bitmap(self, data: bytes) -> int:
        options = mtmd().mtmd_helper_init_opt_default()
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        made = mtmd().mtmd_helper_bitmap_init_from_buf_wrapper(self._media, buffer, len(data), False, options)
        return int(made.bitmap)

    def _logits(self) -> Logits:
        size = llama().llama_vocab_n_tokens(llama().llama_model_get_vocab(self._model))
        row = llama().llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(row, (size,)).copy()
