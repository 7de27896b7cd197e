"""From bytes in buffers to bytes on devices: which device's memory a buffer lies in.

A GPU's own buffers lie on it; all others, pinned and repacked ones too, in the host's memory.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from workbench.memory import DeviceMemory
from workbench_llama_cpp.devices import Device
from workbench_llama_cpp.estimating.breakdown import BufferMemory
from workbench_llama_cpp.estimating.virtual.structures import DeviceProperties
from workbench_llama_cpp.ggml import function

HOST = "CPU"


def placed(
    buffers: Sequence[BufferMemory], cards: Sequence[Device]
) -> tuple[tuple[DeviceMemory, ...], DeviceMemory]:
    """What is on each card that has any buffer, in the cards' order, and what is in the host's memory."""
    lying = {card.handle: [one for one in buffers if _lies_on(card, one.buffer_type)] for card in cards}
    used = [card for card in cards if lying[card.handle]]
    elsewhere = [one for one in buffers if not any(one in lying[card.handle] for card in used)]
    mapped = _mapped_types(used)
    return (
        tuple(_memory(card.name, lying[card.handle]) for card in used),
        _memory(HOST, elsewhere, sum(one.weights_bytes for one in elsewhere if one.buffer_type in mapped)),
    )


def _memory(name: str, buffers: Sequence[BufferMemory], mapped_bytes: int = 0) -> DeviceMemory:
    return DeviceMemory(
        name=name,
        weights_bytes=sum(buffer.weights_bytes for buffer in buffers),
        context_bytes=sum(buffer.context_bytes for buffer in buffers),
        compute_bytes=sum(buffer.compute_bytes for buffer in buffers),
        mapped_bytes=mapped_bytes,
    )


def _lies_on(card: Device, buffer_type: int) -> bool:
    return bool(_ask("ggml_backend_buft_get_device", buffer_type) == card.handle) and (
        buffer_type != _pinned_type(card)
    )


def _mapped_types(cards: Sequence[Device]) -> set[int | None]:
    """The types of buffer whose weights a load in earnest maps from the file, which a dry run cannot do.

    It maps nothing where one of the cards cannot take weights from a mapped file.
    """
    if not all(_takes_mapped(card) for card in cards):
        return set()
    plain: int = function("ggml-base", "ggml_backend_cpu_buffer_type", ctypes.c_void_p)()
    return {plain, *(_pinned_type(card) for card in cards)}


def _takes_mapped(card: Device) -> bool:
    properties = DeviceProperties()
    address = ctypes.c_void_p
    function("ggml-base", "ggml_backend_dev_get_props", None, address, address)(
        card.handle, ctypes.byref(properties)
    )
    return bool(properties.mmap_support)


def _pinned_type(card: Device) -> int | None:
    """Of buffers in the host's memory that the card reads quickly."""
    pinned: int | None = _ask("ggml_backend_dev_host_buffer_type", card.handle)
    return pinned


def _ask(name: str, handle: int) -> Any:
    return function("ggml-base", name, ctypes.c_void_p, ctypes.c_void_p)(handle)
