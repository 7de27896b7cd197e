"""What llama.cpp itself says that a context takes, buffer type by buffer type, exact to the byte.

Knows nothing of devices; see placement.py.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.estimating.cpp_map import returning_map

_SYMBOL = "_Z26llama_get_memory_breakdownPK13llama_context"


@dataclass(frozen=True, slots=True)
class BufferMemory:
    """Bytes in buffers of one type, which `buffer_type` is the handle of."""

    buffer_type: int
    weights_bytes: int
    context_bytes: int
    compute_bytes: int


class _Entry(ctypes.Structure):
    """A buffer type, and llama_memory_breakdown_data."""

    _fields_ = (
        ("buffer_type", ctypes.c_void_p),
        ("weights", ctypes.c_size_t),
        ("context", ctypes.c_size_t),
        ("compute", ctypes.c_size_t),
    )


def breakdown(context: Any) -> list[BufferMemory]:
    """Raises LayoutUnknown where llama.cpp's answer cannot be read."""
    ask = returning_map(llama()._lib, _SYMBOL, [ctypes.c_void_p])
    entries = [_Entry.from_address(address) for address in ask(context)]
    return [BufferMemory(one.buffer_type, one.weights, one.context, one.compute) for one in entries]
