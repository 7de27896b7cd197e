"""Whether the ggml that is loaded has the structures that `structures` mirrors.

Asks ggml about its own CPU device, a buffer and a small computation, and compares with what the mirrors read
at the same addresses. What differs is refused; unnoticed, it would become a crash or a wrong number.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from workbench.errors import Unsupported
from workbench_llama_cpp.estimating.virtual import names, structures
from workbench_llama_cpp.estimating.virtual.structures import Arena, Int, Pointer, Size, Tensor
from workbench_llama_cpp.ggml import function

PROVED_VERSION = "0.25.3"
_CPU = 0
_MEMORY, _OBJECT_BYTES = 2**14, 32


def check_layout() -> None:
    """Raise Unsupported where anything is not as it was when the mirrors were written."""
    wrong = _first_difference()
    if wrong:
        raise Unsupported(
            f"What a GPU that is not there would need cannot be computed with this llama.cpp: {wrong}.",
            "Install llama-cpp-python 0.3.36, or ask about a device of this machine.",
        )


@lru_cache(maxsize=1)
def _first_difference() -> str:
    try:
        return next(_differences(), "")
    except AttributeError as error:
        return f"a function is missing ({error})"


def _differences() -> Iterator[str]:
    version = (_ask("ggml_version", ctypes.c_char_p) or b"").decode()
    if version != PROVED_VERSION:
        yield f"its ggml is {version or 'of an unknown version'}, not {PROVED_VERSION}"
    if not names.operations():
        yield "its operations cannot be listed"
    device = function("ggml", "ggml_backend_dev_by_type", Pointer, Int)(_CPU)
    if not device:
        yield "it has no CPU device"
    if not _same_registry(device) or not _same_device(device) or not _same_stream(device):
        yield "its device structure is another one"
    if not _same_buffer(_ask("ggml_backend_cpu_buffer_type", Pointer)):
        yield "its buffer structure is another one"
    if not _same_tensor():
        yield "its tensor structure is another one"


def _same_registry(address: int) -> bool:
    """Here and below numbers are compared first: a function from a wrong place must not be called."""
    registry_address = _ask("ggml_backend_dev_backend_reg", Pointer, (Pointer, address))
    registry = structures.Registry.from_address(registry_address)
    if registry.api_version != structures.API_VERSION:
        return False
    count = _ask("ggml_backend_reg_dev_count", Size, (Pointer, registry_address))
    return bool(
        registry.get_device_count(registry_address) == count
        and registry.get_device(registry_address, 0) == address
    )


def _same_device(address: int) -> bool:
    device = structures.Device.from_address(address)
    if device.reg != _ask("ggml_backend_dev_backend_reg", Pointer, (Pointer, address)):
        return False
    properties = structures.DeviceProperties()
    _ask("ggml_backend_dev_get_props", None, (Pointer, address), (Pointer, ctypes.addressof(properties)))
    return bool(
        not device.event_new
        and not device.event_synchronize
        and device.get_type(address) == properties.type == _CPU
        and device.get_name(address) == _ask("ggml_backend_dev_name", Pointer, (Pointer, address))
        and device.get_buffer_type(address)
        == _ask("ggml_backend_dev_buffer_type", Pointer, (Pointer, address))
        and properties.memory_total > 0
        and properties.buffer_from_host_ptr
        and not properties.events
    )


def _same_stream(device: int) -> bool:
    address = _ask("ggml_backend_dev_init", Pointer, (Pointer, device), (Pointer, None))
    stream = structures.Backend.from_address(address)
    same = bool(
        stream.device == device
        and stream.guid
        and not stream.graph_optimize
        and stream.get_name(address) == _ask("ggml_backend_name", Pointer, (Pointer, address))
    )
    _ask("ggml_backend_free", None, (Pointer, address))
    return same


def _same_buffer(kind_address: int) -> bool:
    """The CPU's buffer type points at no device: what tells its places apart is which functions it lacks."""
    kind = structures.BufferType.from_address(kind_address)
    there = (kind.get_name, kind.alloc_buffer, kind.get_alignment, kind.is_host)
    if not all(there) or kind.get_max_size or kind.get_alloc_size or kind.device:
        return False
    address = _ask("ggml_backend_buft_alloc_buffer", Pointer, (Pointer, kind_address), (Size, 100))
    buffer = structures.Buffer.from_address(address)
    same = bool(
        buffer.buffer_type == kind_address
        and buffer.size == _ask("ggml_backend_buffer_get_size", Size, (Pointer, address))
        and buffer.interface.get_base(address)
        == _ask("ggml_backend_buffer_get_base", Pointer, (Pointer, address))
        and kind.get_alignment(kind_address)
        == _ask("ggml_backend_buft_get_alignment", Size, (Pointer, kind_address))
        and kind.is_host(kind_address)
    )
    _ask("ggml_backend_buffer_free", None, (Pointer, address))
    return same


def _same_tensor() -> bool:
    if _ask("ggml_tensor_overhead", Size) != ctypes.sizeof(Tensor) + _OBJECT_BYTES:
        return False
    arena = function("ggml-base", "ggml_init", Pointer, Arena)(Arena(_MEMORY, None, True))
    matrix = function(
        "ggml-base", "ggml_new_tensor_2d", Pointer, Pointer, Int, ctypes.c_int64, ctypes.c_int64
    )
    weights, inputs = matrix(arena, names.Q8_0, 64, 3), matrix(arena, names.F32, 64, 5)
    _ask("ggml_set_name", Pointer, (Pointer, weights), (ctypes.c_char_p, b"weights"))
    product = _ask("ggml_mul_mat", Pointer, (Pointer, arena), (Pointer, weights), (Pointer, inputs))
    view = _ask("ggml_view_1d", Pointer, (Pointer, arena), (Pointer, inputs), (ctypes.c_int64, 8), (Size, 16))
    first, result, part = (Tensor.from_address(address) for address in (weights, product, view))
    same = (
        (first.type, first.name, first.ne[:]) == (names.Q8_0, b"weights", [64, 3, 1, 1])
        and first.nb[:] == [34, 68, 204, 204]
        and (result.op, result.ne[:]) == (names.numbers()["MUL_MAT"], [3, 5, 1, 1])
        and result.src[:] == [weights, inputs, *[None] * (structures.SOURCES - 2)]
        and (part.view_src, part.view_offs, part.op) == (inputs, 16, names.numbers()["VIEW"])
    )
    _ask("ggml_free", None, (Pointer, arena))
    return same


def _ask(name: str, result: type | None, *arguments: tuple[type, object]) -> Any:
    asked = function("ggml-base", name, result, *(kind for kind, _ in arguments))
    return asked(*(value for _, value in arguments))
