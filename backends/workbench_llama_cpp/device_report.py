"""What llama.cpp sees of this machine: its devices, their memory, and the instructions its build uses.

Asking a GPU for its memory makes a context on it, so this is called in a process that ends soon after.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence

from workbench.engine_device import DeviceKind, EngineDevice
from workbench.engine_settings import EngineSettings
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.devices import Device, chosen, devices
from workbench_llama_cpp.ggml import function

_KINDS: dict[int, DeviceKind] = {0: "cpu", 1: "gpu", 2: "integrated", 3: "accelerator"}
_SOFTWARE = re.compile("llvmpipe|lavapipe|swiftshader", re.IGNORECASE)
_SWITCHED = re.compile(r"(?:(\w+) : )?(\w+) = ([^|]*?) \| ")


class _Properties(ctypes.Structure):
    """The beginning of ggml_backend_dev_props, and room for the rest of it."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("memory_free", ctypes.c_size_t),
        ("memory_total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("device_id", ctypes.c_char_p),
        ("spare", ctypes.c_char * 64),
    )


def device_report(rpc_servers: Sequence[str] = ()) -> tuple[EngineDevice, ...]:
    """Those of this machine, and of those servers. Raises what rpc.reach raises."""
    chosen(EngineSettings(rpc_servers=tuple(rpc_servers)))
    features = features_by_registry(llama().llama_print_system_info().decode(errors="replace"))
    return tuple(_described(device, features.get(device.registry, ())) for device in devices())


def features_by_registry(said: str) -> dict[str, tuple[str, ...]]:
    """llama_print_system_info's line, such as "CPU : AVX2 = 1 | CUDA : ARCHS = 890 | ", by backend."""
    found: dict[str, tuple[str, ...]] = {}
    registry = ""
    for name, feature, value in _SWITCHED.findall(said):
        registry = name or registry
        if value != "0":
            found[registry] = (*found.get(registry, ()), feature if value == "1" else f"{feature}={value}")
    return found


def _described(device: Device, features: tuple[str, ...]) -> EngineDevice:
    address = ctypes.c_void_p
    properties = _Properties()
    function("ggml-base", "ggml_backend_dev_get_props", None, address, address)(
        device.handle, ctypes.byref(properties)
    )
    kind = "rpc" if device.is_elsewhere else _KINDS.get(properties.type, "accelerator")
    if kind in ("gpu", "integrated") and _SOFTWARE.search(device.description):
        kind = "software"
    return EngineDevice(
        name=device.name,
        description=device.description,
        kind=kind,
        memory_total=properties.memory_total or None,
        memory_free=properties.memory_free or None,
        bus_id=(properties.device_id or b"").decode(errors="replace").lower(),
        features=features,
    )
