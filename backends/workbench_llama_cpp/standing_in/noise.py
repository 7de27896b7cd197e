"""Random blocks of each type, made by ggml's own quantizer, so that every one of them is valid.

Knows nothing of models.
"""

from __future__ import annotations

import ctypes

import numpy as np

from workbench.gguf import GGML_TYPES
from workbench_llama_cpp.ggml import function

BLOCK_ELEMENTS = 256
_BLOCKS, _FEW_BLOCKS = 1021, 61
"""A prime number of them, so that rows of a matrix differ although the blocks come again."""
_SLOW = ("IQ1", "IQ2", "IQ3")
"""Types whose blocks ggml searches for at length: few must do."""
_SIZE = 0.02
_NOT_MADE = {"I8", "I16", "I32", "I64", "F64", "Q8_1", "Q8_K"}
"""Types that are no weights, or that ggml makes in other ways: zeros are valid in all of them."""


def blocks(type_number: int) -> int:
    """How many there are of a type, before they come again."""
    return _FEW_BLOCKS if GGML_TYPES[type_number].name.startswith(_SLOW) else _BLOCKS


def noise(type_number: int, seed: int = 0) -> bytes:
    """Normally distributed weights in this type, `blocks` times BLOCK_ELEMENTS of them."""
    kind, rows = GGML_TYPES[type_number], blocks(type_number)
    elements = rows * BLOCK_ELEMENTS
    size = elements // kind.block_elements * kind.block_bytes
    if kind.name in _NOT_MADE:
        return bytes(size)
    values = np.random.default_rng(seed).standard_normal(elements, dtype=np.float32) * np.float32(_SIZE)
    importance, made = np.ones(BLOCK_ELEMENTS, np.float32), ctypes.create_string_buffer(size)
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    quantize = function(
        "ggml-base", "ggml_quantize_chunk", ctypes.c_size_t,
        ctypes.c_int, pointer, pointer, count, count, count, pointer,
    )  # fmt: skip
    quantize(type_number, values.ctypes.data, made, 0, rows, BLOCK_ELEMENTS, importance.ctypes.data)
    return made.raw
