"""A double of NVIDIA's management library: two cards, one of which tells little; put in place as pynvml.

NVML_DOUBLE says how it behaves: "hangs", "fails" or anything else.
"""

from __future__ import annotations

import itertools
import os
import time
from types import SimpleNamespace

NVML_CLOCK_MEM = 2
_MILLIJOULES = itertools.count(10**9, 3000)


class NVMLError(Exception):
    """What the library raises."""


def nvmlInit() -> None:
    if os.environ.get("NVML_DOUBLE") == "hangs":
        time.sleep(600)
    if os.environ.get("NVML_DOUBLE") == "fails":
        raise NVMLError("Driver/library version mismatch")


def nvmlShutdown() -> None:
    pass


def nvmlSystemGetDriverVersion() -> str:
    return "550.54.14"


def nvmlSystemGetCudaDriverVersion_v2() -> int:
    return 12040


def nvmlSystemGetProcessName(pid: int) -> bytes:
    if pid != 4242:
        raise NVMLError("Not Found")
    return b"/usr/bin/ollama"


def nvmlDeviceGetCount() -> int:
    return 2


def nvmlDeviceGetHandleByIndex(index: int) -> int:
    return index


def nvmlDeviceGetName(handle: int) -> bytes | str:
    return b"NVIDIA GeForce RTX 3090" if handle == 0 else "NVIDIA Mystery"


def nvmlDeviceGetMemoryInfo(handle: int) -> SimpleNamespace:
    return SimpleNamespace(total=24 * 2**30, free=20 * 2**30)


def nvmlDeviceGetPciInfo(handle: int) -> SimpleNamespace:
    return SimpleNamespace(busId=b"00000000:0%d:00.0" % (handle + 1))


def nvmlDeviceGetCudaComputeCapability(handle: int) -> tuple[int, int]:
    return (8, 6)


def nvmlDeviceGetNumGpuCores(handle: int) -> int:
    return 10496


def nvmlDeviceGetMaxClockInfo(handle: int, kind: int) -> int:
    _only_the_first(handle)
    return 9751


def nvmlDeviceGetMemoryBusWidth(handle: int) -> int:
    return 384


def nvmlDeviceGetComputeRunningProcesses(handle: int) -> list[SimpleNamespace]:
    _only_the_first(handle)
    return [
        SimpleNamespace(pid=4242, usedGpuMemory=3 * 2**30),
        SimpleNamespace(pid=int(os.environ["NVML_PID"]), usedGpuMemory=None),
    ]


def nvmlDeviceGetTotalEnergyConsumption(handle: int) -> int:
    _only_the_first(handle)
    return next(_MILLIJOULES)


def nvmlDeviceGetGraphicsRunningProcesses(handle: int) -> list[SimpleNamespace]:
    return []


def _only_the_first(handle: int) -> None:
    if handle:
        raise NVMLError("Not Supported")
