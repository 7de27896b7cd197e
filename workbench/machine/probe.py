"""What this process may use of the machine it runs on, asked anew at each call.

Containers are respected. Knows no engine; whether one can use a card is the engine's to say.
"""

from __future__ import annotations

import math
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from workbench.machine.cgroup import Limits, limits
from workbench.machine.gpus import Gpu, gpus


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as this process sees it.

    Attributes:
        cpu: The processor's name.
        physical_cores: Whole cores this process may use; logical_cores counts their threads.
        ram_total: Bytes this process may use at most; ram_free is what it may still take.
        platform: Operating system and architecture, such as "Linux x86_64".
    """

    cpu: str
    physical_cores: int
    logical_cores: int
    ram_total: int
    ram_free: int
    platform: str
    gpus: tuple[Gpu, ...] = ()


def machine() -> Machine:
    allowed = limits()
    logical, physical = _cores()
    total, free = _memory(allowed)
    return Machine(
        cpu=_cpu_name(),
        physical_cores=_within(allowed, physical),
        logical_cores=_within(allowed, logical),
        ram_total=total,
        ram_free=free,
        platform=f"{platform.system()} {platform.machine()}",
        gpus=gpus(),
    )


def _within(allowed: Limits, cores: int) -> int:
    return cores if allowed.cpus is None else max(1, min(cores, math.ceil(allowed.cpus)))


def _memory(allowed: Limits) -> tuple[int, int]:
    system = psutil.virtual_memory()
    total = min(system.total, allowed.memory or system.total)
    free = system.available if allowed.memory_free is None else min(system.available, allowed.memory_free)
    return total, free


def _cores() -> tuple[int, int]:
    """Logical and physical cores that this process may be scheduled on."""
    if not hasattr(os, "sched_getaffinity"):
        logical = os.cpu_count() or 1
        return logical, psutil.cpu_count(logical=False) or logical
    usable = os.sched_getaffinity(0)
    return len(usable), len({_siblings(core) for core in usable})


def _siblings(core: int, system: Path = Path("/sys/devices/system/cpu")) -> str:
    try:
        return (system / f"cpu{core}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return str(core)


def _cpu_name(information: Path = Path("/proc/cpuinfo")) -> str:
    if platform.system() == "Darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    try:
        lines = information.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
