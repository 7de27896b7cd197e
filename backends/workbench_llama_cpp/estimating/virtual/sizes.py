"""How many bytes a backend reserves for a tensor, where that is more than the tensor itself.

Ports get_alloc_size of the CUDA and Metal backends; Vulkan's is the plain size.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from workbench_llama_cpp.estimating.virtual import names, rules
from workbench_llama_cpp.estimating.virtual.attention import FlashAttention
from workbench_llama_cpp.estimating.virtual.metal_attention import scratch_bytes
from workbench_llama_cpp.estimating.virtual.structures import Tensor, operand
from workbench_llama_cpp.ggml import function

Size = Callable[[Tensor], int]

_ROW_PADDING = 512  # elements: the last row of a quantized matrix is read past its end
_SCALES = 8 + 4 * 256  # two scaling factors and one per threadgroup
_INTEGER = 4


def cuda_size(attention: FlashAttention) -> Size:
    flash = names.numbers()["FLASH_ATTN_EXT"]

    def size(tensor: Tensor) -> int:
        plain = attention.size(tensor) if tensor.op == flash else rules.nbytes(tensor)
        if tensor.type in names.QUANTIZED and (past := tensor.ne[0] % _ROW_PADDING):
            plain += _row_size(tensor.type, _ROW_PADDING - past)
        return plain

    return size


def metal_size() -> Size:
    extra: dict[str, Size] = {
        "MUL_MAT_ID": lambda tensor: rules.nbytes(tensor) + _routing(tensor),
        "FLASH_ATTN_EXT": lambda tensor: rules.nbytes(tensor) + scratch_bytes(tensor),
        "CUMSUM": lambda tensor: 2 * rules.nbytes(tensor),
        "ARGSORT": lambda tensor: 2 * rules.nbytes(tensor),
        "TOP_K": lambda tensor: 2 * _INTEGER * rules.elements(operand(tensor, 0)),
    }
    by_number = {names.numbers()[name]: size for name, size in extra.items()}
    return lambda tensor: by_number.get(tensor.op, rules.nbytes)(tensor)


def _routing(tensor: Tensor) -> int:
    """Which tokens go to which expert."""
    experts, tokens = operand(tensor, 0).ne[2], operand(tensor, 2).ne[1]
    return int(_INTEGER * experts * (1 + tokens)) + _SCALES


def _row_size(type_number: int, elements: int) -> int:
    of = function("ggml-base", "ggml_row_size", ctypes.c_size_t, ctypes.c_int, ctypes.c_int64)
    return int(of(type_number, elements))
