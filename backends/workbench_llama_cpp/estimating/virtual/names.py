"""What the ggml that is loaded calls its operations and types, by number and by name.

The numbers of operations change from version to version, so the rules are written with names. The numbers of
types are those of the file format and never change.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache

from workbench_llama_cpp.ggml import function

F32, F16, BF16, I8, I16, I32, I64 = 0, 1, 30, 24, 25, 26, 27
Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1 = 2, 3, 6, 7, 8, 9
Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K = 10, 11, 12, 13, 14, 15
IQ2_XXS, IQ2_XS, IQ3_XXS, IQ1_S, IQ4_NL, IQ3_S, IQ2_S, IQ4_XS, IQ1_M = 16, 17, 18, 19, 20, 21, 22, 23, 29
TQ1_0, TQ2_0, MXFP4, NVFP4, Q1_0, Q2_0 = 34, 35, 39, 40, 41, 42

QUANTIZED = frozenset(
    {Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K}
    | {IQ2_XXS, IQ2_XS, IQ3_XXS, IQ1_S, IQ4_NL, IQ3_S, IQ2_S, IQ4_XS, IQ1_M}
    | {TQ1_0, TQ2_0, MXFP4, NVFP4, Q1_0, Q2_0}
)
_LAST_OPERATION, _MOST = "GLU", 1024


@lru_cache(maxsize=1)
def operations() -> tuple[str, ...]:
    """The names of all operations, in the order of their numbers; () where they do not end as they should."""
    name = function("ggml-base", "ggml_op_name", ctypes.c_char_p, ctypes.c_int)
    found: list[str] = []
    while len(found) < _MOST and (known := name(len(found))):
        found.append(known.decode())
        if found[-1] == _LAST_OPERATION:
            return tuple(found)
    return ()


@lru_cache(maxsize=1)
def numbers() -> dict[str, int]:
    return {name: number for number, name in enumerate(operations())}


@lru_cache
def unary(number: int) -> str:
    return _name("ggml_unary_op_name", number)


@lru_cache
def glu(number: int) -> str:
    return _name("ggml_glu_op_name", number)


def _name(asked: str, number: int) -> str:
    found = function("ggml-base", asked, ctypes.c_char_p, ctypes.c_int)(number)
    return found.decode() if found else ""
