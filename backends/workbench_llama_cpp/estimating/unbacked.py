"""Buffers that are as large as asked for and take no memory, for a dry run.

Most of a dry run allocates nothing. Recurrent state and the room for logits are the exceptions: llama.cpp
allocates and clears them as in earnest, gigabytes of them for many requests. So the buffer types in question
are made to hand out small buffers that claim the size asked for and cannot be cleared. Nothing reads or
writes them, because nothing is computed. This process must never load a model in earnest afterwards.
"""

from __future__ import annotations

import ctypes
from typing import Any

from workbench_llama_cpp.estimating.virtual.structures import AllocBuffer, Buffer, BufferType, Clear, Pointer

_REAL_BYTES = 256
_leave_as_it_is = Clear(lambda buffer, value: None)
_shells: dict[int, Any] = {}


def withhold(buffer_type: int) -> None:
    """From now on, buffers of this type are empty shells. Idempotent."""
    if buffer_type in _shells:
        return
    described = BufferType.from_address(buffer_type)
    allocate = AllocBuffer(ctypes.cast(described.alloc_buffer, Pointer).value or 0)

    def shell(of_type: int, size: int) -> int | None:
        handle: int | None = allocate(of_type, min(size, _REAL_BYTES))
        if handle:
            buffer = Buffer.from_address(handle)
            buffer.size, buffer.interface.clear = size, _leave_as_it_is
        return handle

    _shells[buffer_type] = AllocBuffer(shell)
    described.alloc_buffer = _shells[buffer_type]
