"""What the part of a model takes that turns pictures or sound into what the model reads.

llama.cpp's library for it goes through loading it with its largest picture and adds up what each device had
to give. Knows nothing of the model that it belongs to.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any

from workbench.errors import InvalidModel, Unsupported
from workbench.gguf import check_whole, read_header
from workbench.memory import DeviceMemory
from workbench_llama_cpp.devices import Device, devices
from workbench_llama_cpp.estimating.cpp_map import LayoutUnknown, returning_map
from workbench_llama_cpp.estimating.messages import Measured, MeasureProjector
from workbench_llama_cpp.estimating.placement import HOST
from workbench_llama_cpp.estimating.unbacked import withhold
from workbench_llama_cpp.mtmd import mtmd
from workbench_llama_cpp.parameters import FLASH_ATTENTION, threads

_SYMBOL = "_Z21mtmd_get_memory_usagePKc19mtmd_context_params"


class _Entry(ctypes.Structure):
    _fields_ = (("device", ctypes.c_void_p), ("size", ctypes.c_size_t))


def measure_projector(question: MeasureProjector, cards: Sequence[Device] | None) -> Measured:
    """Its weights and the rest, on the first card where there is one. Raises InvalidModel, Unsupported."""
    header = read_header(question.path)
    check_whole(header)
    here = devices(cards)
    for one in here:
        withhold(one.buffer_type)
    gpus = [one for one in here if one.is_gpu] if question.settings.gpu_layers != 0 else []
    wanted = mtmd().mtmd_context_params_default()
    wanted.use_gpu, wanted.device = bool(gpus), gpus[0].handle if gpus else None
    wanted.n_threads = threads(question.settings)
    wanted.flash_attn_type = FLASH_ATTENTION[question.settings.flash_attention]
    taken = _taken(question.path, wanted)
    if not taken:
        raise InvalidModel(
            f"llama.cpp cannot use {header.source_name} to read pictures or sound.",
            "Take another mmproj file.",
        )
    total = {place: sum(size for device, size in taken if device == place) for place, _ in taken}
    on_card = total.pop(gpus[0].handle, 0) if gpus else 0
    on_host = sum(total.values())
    if gpus:
        card = _memory(gpus[0].name, on_card, header.weights_bytes)
        return Measured((card,), _memory(HOST, on_host, 0))
    return Measured((), _memory(HOST, on_host, header.weights_bytes))


def _memory(name: str, total: int, weights: int) -> DeviceMemory:
    weights = min(total, weights)
    return DeviceMemory(name=name, weights_bytes=weights, context_bytes=0, compute_bytes=total - weights)


def _taken(path: str, wanted: Any) -> list[tuple[int, int]]:
    """Pairs of a device's handle and bytes; none where the file is refused."""
    library = mtmd()
    try:
        ask = returning_map(library._libmtmd, _SYMBOL, [ctypes.c_char_p, library.mtmd_context_params])
        entries = [_Entry.from_address(address) for address in ask(os.fsencode(path), wanted)]
    except LayoutUnknown as error:
        raise Unsupported("llama.cpp's answer for a projector cannot be read here.") from error
    return [(entry.device, entry.size) for entry in entries]
