"""The element types of safetensors files that hold weights, and their values as 32-bit floats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ElementType:
    """`size` in bytes; `floats` makes the values of stored elements, exactly."""

    size: int
    stored: np.dtype[Any]
    floats: Callable[[NDArray[Any]], Floats]


def _widened(stored: NDArray[Any]) -> Floats:
    return stored.astype(np.float32)


def _bfloat16(stored: NDArray[Any]) -> Floats:
    return (stored.astype(np.uint32) << 16).view(np.float32)


@cache
def _float8_values() -> Floats:
    """All 256 values of E4M3 without infinities: sign, 4 bits of exponent with bias 7, 3 of fraction."""
    codes = np.arange(256)
    exponent, fraction = (codes >> 3) & 15, codes & 7
    size = np.where(exponent == 0, fraction * 2.0**-9, (8 + fraction) * 2.0 ** (exponent - 10.0))
    values = np.where(codes & 128, -size, size).astype(np.float32)
    values[[0x7F, 0xFF]] = np.nan
    return values


def _float8(stored: NDArray[Any]) -> Floats:
    values: Floats = _float8_values()[stored]
    return values


FLOAT8 = "F8_E4M3"
ELEMENT_TYPES = {
    "F32": ElementType(4, np.dtype("<f4"), _widened),
    "F16": ElementType(2, np.dtype("<f2"), _widened),
    "BF16": ElementType(2, np.dtype("<u2"), _bfloat16),
    FLOAT8: ElementType(1, np.dtype("u1"), _float8),
}

OTHER_SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "F64": 8,
    "I64": 8, "U64": 8, "C64": 8,
}  # fmt: skip
"""What a file may hold besides: bytes of an element of each type."""
