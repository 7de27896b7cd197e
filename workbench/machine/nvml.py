"""NVIDIA's cards by the driver's own library, asked in a process of its own because a driver can hang.

    python -m workbench.machine.nvml    prints what it finds as JSON

Knows nothing of engines. Memory of other programs is told with their names, where the driver tells it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from workbench.machine.asking import Unanswered, answer_of

Found = TypeVar("Found")
SIGNS = ("proc/driver/nvidia", "dev/nvidiactl", "dev/dxg")
"""What is there when a driver is loaded, the last of them under Windows' Linux."""
_SECONDS = 10.0
_CORES_PER_MULTIPROCESSOR = {(6, 0): 64, (7, 0): 64, (7, 2): 64, (7, 5): 64, (8, 0): 64}
_CORES_OF_THE_REST = 128


def report(root: Path = Path("/")) -> dict[str, Any]:
    """{"driver", "cuda", "gpus"}; {} without a driver. Raises Unanswered."""
    if not any((root / sign).exists() for sign in SIGNS):
        return {}
    found = json.loads(answer_of("workbench.machine.nvml", seconds=_SECONDS))
    if "failure" in found:
        raise Unanswered(found["failure"])
    return dict(found)


def main() -> None:
    try:
        import pynvml
    except ImportError:
        print(json.dumps({"failure": "NVIDIA's cards are not asked: nvidia-ml-py is not installed."}))
        return
    try:
        pynvml.nvmlInit()
        print(json.dumps(_asked(pynvml)))
        pynvml.nvmlShutdown()
    except pynvml.NVMLError as error:
        print(json.dumps({"failure": f"NVIDIA's driver does not answer: {error}."}))


def _asked(nvml: Any) -> dict[str, Any]:
    cuda = _or_none(nvml, lambda: int(nvml.nvmlSystemGetCudaDriverVersion_v2()))
    return {
        "driver": _or_none(nvml, lambda: _decoded(nvml.nvmlSystemGetDriverVersion())) or "",
        "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else "",
        "gpus": [
            _card(nvml, nvml.nvmlDeviceGetHandleByIndex(index)) for index in range(nvml.nvmlDeviceGetCount())
        ],
    }


def _card(nvml: Any, handle: Any) -> dict[str, Any]:
    memory = _or_none(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    capability = _or_none(nvml, lambda: tuple(nvml.nvmlDeviceGetCudaComputeCapability(handle)))
    cores = _or_none(nvml, lambda: int(nvml.nvmlDeviceGetNumGpuCores(handle)))
    return {
        "name": _decoded(nvml.nvmlDeviceGetName(handle)),
        "memory": int(memory.total) if memory else None,
        "memory_free": int(memory.free) if memory else None,
        "bus_id": bus_id(_or_none(nvml, lambda: _decoded(nvml.nvmlDeviceGetPciInfo(handle).busId)) or ""),
        "compute_capability": capability,
        "multiprocessors": _multiprocessors(cores, capability),
        "bandwidth": _or_none(nvml, lambda: _bandwidth(nvml, handle)),
        "processes": _processes(nvml, handle),
    }


def bus_id(text: str) -> str:
    """The form that Linux and ggml write: 0000:01:00.0 for 00000000:01:00.0."""
    return text.lower()[4:] if len(text) == 16 else text.lower()


def _multiprocessors(cores: int | None, capability: tuple[int, int] | None) -> int | None:
    if cores is None or capability is None:
        return None
    return cores // _CORES_PER_MULTIPROCESSOR.get(capability, _CORES_OF_THE_REST) or None


def _bandwidth(nvml: Any, handle: Any) -> float | None:
    """Bytes a second at the memory's highest clock, at which two bits pass on each line."""
    clock = nvml.nvmlDeviceGetMaxClockInfo(handle, nvml.NVML_CLOCK_MEM) * 1e6
    return clock * 2 * nvml.nvmlDeviceGetMemoryBusWidth(handle) / 8 or None


def _processes(nvml: Any, handle: Any) -> list[dict[str, Any]]:
    lists = (
        _or_none(nvml, lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle)),
        _or_none(nvml, lambda: nvml.nvmlDeviceGetGraphicsRunningProcesses(handle)),
    )
    found = {process.pid: process.usedGpuMemory for processes in lists for process in processes or ()}
    return [
        {"pid": pid, "name": _process_name(nvml, pid), "memory": memory}
        for pid, memory in sorted(found.items())
    ]


def _process_name(nvml: Any, pid: int) -> str:
    path = _or_none(nvml, lambda: _decoded(nvml.nvmlSystemGetProcessName(pid)))
    return Path(path).name if path else ""


def _or_none(nvml: Any, ask: Callable[[], Found]) -> Found | None:
    """What older drivers and other cards do not tell is left out."""
    try:
        return ask()
    except (nvml.NVMLError, AttributeError):
        return None


def _decoded(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


if __name__ == "__main__":
    main()
