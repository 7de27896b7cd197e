"""The devices that this build of llama.cpp sees, by ggml's own registry.

Knows nothing of models. The wheel holds each ggml library under several file names, and each file loaded is a
registry of its own: only the one that llama.cpp itself links, the SONAME file, tells the truth.
"""

from __future__ import annotations

import ctypes
import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from workbench.errors import InvalidRequest
from workbench_llama_cpp.binding import llama

_FILES = {"Linux": "lib{}.so.0", "Darwin": "lib{}.dylib", "Windows": "{}.dll"}
_GPU_TYPES = (1, 2)  # ggml_backend_dev_type: GPU and integrated GPU


@dataclass(frozen=True, slots=True)
class Device:
    """One ggml device: its handle, names, and the handle of its default buffer type."""

    handle: int
    name: str
    description: str
    is_gpu: bool
    buffer_type: int
    buffer_name: str


@lru_cache(maxsize=1)
def devices() -> tuple[Device, ...]:
    registry, base = _library("ggml"), _library("ggml-base")
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    registry.ggml_backend_dev_count.restype = ctypes.c_size_t
    dev_get = _function(registry, "ggml_backend_dev_get", pointer, ctypes.c_size_t)
    dev_name = _function(base, "ggml_backend_dev_name", text, pointer)
    dev_description = _function(base, "ggml_backend_dev_description", text, pointer)
    dev_type = _function(base, "ggml_backend_dev_type", ctypes.c_int, pointer)
    dev_buffer_type = _function(base, "ggml_backend_dev_buffer_type", pointer, pointer)
    buffer_name = _function(base, "ggml_backend_buft_name", text, pointer)
    found = []
    for index in range(registry.ggml_backend_dev_count()):
        handle = dev_get(index)
        buffer_type = dev_buffer_type(handle)
        found.append(
            Device(
                handle,
                dev_name(handle).decode(),
                dev_description(handle).decode(errors="replace"),
                dev_type(handle) in _GPU_TYPES,
                buffer_type,
                buffer_name(buffer_type).decode(),
            )
        )
    return tuple(found)


def buffer_type(name: str) -> int:
    """The handle of the buffer type of that name. Raises InvalidRequest with the names there are."""
    known = {device.buffer_name: device.buffer_type for device in devices()}
    if name not in known:
        raise InvalidRequest(f"There is no buffer {name!r} here.", f"Choose one of {', '.join(known)}.")
    return known[name]


def named(names: tuple[str, ...]) -> list[Device]:
    """The devices of those names, in that order. Raises InvalidRequest with the names there are."""
    known = {device.name: device for device in devices()}
    for name in names:
        if name not in known:
            raise InvalidRequest(f"There is no device {name!r} here.", f"Choose one of {', '.join(known)}.")
    return [known[name] for name in names]


def _library(name: str) -> ctypes.CDLL:
    folder = Path(llama().__file__ or "").parent / "lib"
    return ctypes.CDLL(str(folder / _FILES.get(platform.system(), _FILES["Linux"]).format(name)))


def _function(library: ctypes.CDLL, name: str, result: type, argument: type) -> ctypes._NamedFuncPointer:
    function = getattr(library, name)
    function.restype, function.argtypes = result, [argument]
    return function  # type: ignore[no-any-return]
