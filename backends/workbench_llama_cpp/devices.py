"""The devices that this build of llama.cpp sees, by ggml's own registry.

Knows nothing of models.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench_llama_cpp import rpc
from workbench_llama_cpp.ggml import function

_GPU, _INTEGRATED_GPU = 1, 2  # ggml_backend_dev_type


@dataclass(frozen=True, slots=True)
class Device:
    """One ggml device: its handle, names, the handle of its default buffer type, and the backend it is of."""

    handle: int
    name: str
    description: str
    is_gpu: bool
    buffer_type: int
    buffer_name: str
    registry: str

    @property
    def is_processor(self) -> bool:
        return self.registry == "CPU"

    @property
    def is_elsewhere(self) -> bool:
        """Whether another machine, or another process, has it."""
        return self.registry == "RPC"


def devices(cards: Sequence[Device] | None = None) -> tuple[Device, ...]:
    """All that are registered now, in the order in which llama.cpp uses them: others' before this machine's.

    `cards` take the place of the GPUs among them.
    """
    count = function("ggml", "ggml_backend_dev_count", ctypes.c_size_t)()
    at = function("ggml", "ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    registered = sorted((device(at(index)) for index in range(count)), key=lambda one: not one.is_elsewhere)
    return tuple(registered) if cards is None else (*(one for one in registered if not one.is_gpu), *cards)


def device(handle: int) -> Device:
    """What ggml says of the device with this handle."""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p

    def ask(name: str, result: Any, of: int = handle) -> Any:
        return function("ggml-base", name, result, pointer)(of)

    buffer_type = ask("ggml_backend_dev_buffer_type", pointer)
    kind = ask("ggml_backend_dev_type", ctypes.c_int)
    return Device(
        handle,
        ask("ggml_backend_dev_name", text).decode(),
        ask("ggml_backend_dev_description", text).decode(errors="replace"),
        kind in (_GPU, _INTEGRATED_GPU),
        buffer_type,
        ask("ggml_backend_buft_name", text, buffer_type).decode(),
        ask("ggml_backend_reg_name", text, ask("ggml_backend_dev_backend_reg", pointer)).decode(),
    )


def free_on(card: Device) -> int | None:
    """Bytes free on it, by its driver; None where it takes its memory out of the host's."""
    pointer, kind = ctypes.c_void_p, ctypes.c_int
    if function("ggml-base", "ggml_backend_dev_type", kind, pointer)(card.handle) == _INTEGRATED_GPU:
        return None
    return memory_of(card)[0]


def memory_of(one: Device) -> tuple[int, int]:
    """Bytes free on it, and all that it has, by its driver."""
    pointer, free, total = ctypes.c_void_p, ctypes.c_size_t(), ctypes.c_size_t()
    ask = function("ggml-base", "ggml_backend_dev_memory", None, pointer, pointer, pointer)
    ask(one.handle, ctypes.byref(free), ctypes.byref(total))
    return free.value, total.value


def buffer_type(name: str, cards: Sequence[Device] | None = None) -> int:
    """The handle of the buffer type of that name. Raises InvalidRequest with the names there are."""
    known = {one.buffer_name: one.buffer_type for one in devices(cards)}
    if name not in known:
        raise InvalidRequest(f"There is no buffer {name!r} here.", f"Choose one of {', '.join(known)}.")
    return known[name]


def chosen(settings: EngineSettings, cards: Sequence[Device] | None = None) -> tuple[Device, ...] | None:
    """The devices to use; None for all that llama.cpp knows, to which those of other machines were added.

    Raises as `named`.
    """
    elsewhere = named([f"{rpc.SCHEME}{one.removeprefix(rpc.SCHEME)}" for one in settings.rpc_servers])
    if settings.devices:
        return (*elsewhere, *named(settings.devices, cards))
    return None if cards is None else devices(cards)


def named(names: Sequence[str], cards: Sequence[Device] | None = None) -> list[Device]:
    """The devices of those names, in that order; rpc://HOST:PORT stands for all of that server's.

    Raises InvalidRequest with the names there are, and what rpc.reach raises.
    """
    found: list[Device] = []
    for name in names:
        if name.startswith(rpc.SCHEME):
            found += [device(handle) for handle in rpc.reach(name)]
        else:
            found.append(_local(name, cards))
    return found


def _local(name: str, cards: Sequence[Device] | None) -> Device:
    known = {one.name: one for one in devices(cards)}
    if name not in known:
        raise InvalidRequest(f"There is no device {name!r} here.", f"Choose one of {', '.join(known)}.")
    return known[name]
