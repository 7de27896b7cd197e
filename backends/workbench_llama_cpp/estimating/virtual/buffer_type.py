"""Buffers that claim memory and take none.

A buffer begins at an address that nothing lies at. That is enough for llama.cpp to place tensors and add up
sizes; to compute with them would crash.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from workbench_llama_cpp.estimating.virtual import rules, structures
from workbench_llama_cpp.estimating.virtual.failures import guarded
from workbench_llama_cpp.estimating.virtual.profiles import Profile
from workbench_llama_cpp.estimating.virtual.structures import (
    BufferInterface,
    BufferType,
    Pointer,
    Size,
    Tensor,
)
from workbench_llama_cpp.ggml import function

_NOWHERE = 2**44
_LARGEST = 2**64 - 1

_interface = BufferInterface(
    free_buffer=structures.FreeBuffer(lambda buffer: None),
    get_base=structures.GetBase(lambda buffer: _NOWHERE),
    memset_tensor=structures.MemsetTensor(lambda buffer, tensor, value, offset, size: None),
    set_tensor=structures.SetTensor(lambda buffer, tensor, data, offset, size: None),
    clear=structures.Clear(lambda buffer, value: None),
)


def _allocate(buffer_type: int, size: int) -> int | None:
    init = function("ggml-base", "ggml_backend_buffer_init", Pointer, Pointer, BufferInterface, Pointer, Size)
    made: int | None = init(buffer_type, _interface, None, size)
    return made


def _no_buffer(buffer_type: int, size: int) -> int | None:
    return None


_alloc_buffer = structures.AllocBuffer(guarded(_allocate, _no_buffer))


def device_buffer_type(name: ctypes.Array[ctypes.c_char], profile: Profile) -> BufferType:
    """Where the card's own tensors lie. The name must live as long as the buffer type."""
    largest = profile.largest_buffer or _LARGEST
    made = BufferType(
        get_name=structures.GetName(lambda buffer_type: ctypes.addressof(name)),
        alloc_buffer=_alloc_buffer,
        get_alignment=structures.GetSize(lambda buffer_type: profile.alignment),
        get_max_size=structures.GetSize(lambda buffer_type: largest),
    )
    if profile.size:
        made.get_alloc_size = structures.GetAllocSize(guarded(_sized(profile.size), _plain_size))
    return made


def host_buffer_type(name: ctypes.Array[ctypes.c_char], profile: Profile) -> BufferType:
    """Main memory that the card reads directly: the CPU's buffer type under another name."""
    cpu = function("ggml-base", "ggml_backend_cpu_buffer_type", Pointer)()
    made = BufferType.from_buffer_copy(BufferType.from_address(cpu))
    made.get_name = structures.GetName(lambda buffer_type: ctypes.addressof(name))
    made.alloc_buffer = _alloc_buffer
    if profile.largest_buffer:
        largest = profile.largest_buffer
        made.get_max_size = structures.GetSize(lambda buffer_type: largest)
    return made


def _plain_size(buffer_type: int, tensor: int) -> int:
    return int(rules.asked("ggml_nbytes", Size)(tensor))


def _sized(size: Callable[[Tensor], int]) -> Callable[[int, int], int]:
    return lambda buffer_type, tensor: size(Tensor.from_address(tensor))
