"""What this process may use of the machine it runs on, asked anew at each call.

Containers are respected. Knows no engine; whether one can use a card is the engine's to say.
"""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

from workbench.machine.cgroup import Limits, limits
from workbench.machine.gpus import Gpu, survey
from workbench.machine.processor import processor


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as this process sees it.

    Attributes:
        cpu: The processor's name.
        physical_cores: Whole cores this process may use; logical_cores counts their threads.
        ram_total: Bytes this process may use at most; ram_free is what it may still take.
        platform: Operating system and architecture, such as "Linux x86_64".
        isa: Instruction sets that speed up models, such as "AVX2".
        microcode: The version of the processor's own software, "" where it is not told.
        performance_cores: Of the physical cores, the fast ones; None, as the others, where all are alike.
        ram_installed: Bytes of the whole machine; ram_limit is what a container allows of them, if it does.
        problems: What could not be found out, in sentences.
    """

    cpu: str
    physical_cores: int
    logical_cores: int
    ram_total: int
    ram_free: int
    platform: str
    gpus: tuple[Gpu, ...] = ()
    isa: tuple[str, ...] = ()
    performance_cores: int | None = None
    efficiency_cores: int | None = None
    ram_installed: int | None = None
    ram_limit: int | None = None
    microcode: str = ""
    problems: tuple[str, ...] = ()


def machine(root: Path = Path("/")) -> Machine:
    """Files are looked for below `root`; the numbers of this system's memory are its own."""
    allowed, found, graphics = limits(), processor(root), survey(root)
    memory = psutil.virtual_memory()
    limit = allowed.memory if allowed.memory and allowed.memory < memory.total else None
    return Machine(
        cpu=found.name,
        physical_cores=_within(allowed, found.physical_cores),
        logical_cores=_within(allowed, found.logical_cores),
        ram_total=limit or memory.total,
        ram_free=_least(memory.available, allowed.memory_free),
        platform=f"{platform.system()} {platform.machine()}",
        gpus=graphics.gpus,
        isa=found.isa,
        performance_cores=found.performance_cores,
        efficiency_cores=found.efficiency_cores,
        ram_installed=memory.total,
        ram_limit=limit,
        microcode=found.microcode,
        problems=graphics.problems,
    )


def _within(allowed: Limits, cores: int) -> int:
    return cores if allowed.cpus is None else max(1, min(cores, math.ceil(allowed.cpus)))


def _least(number: int, other: int | None) -> int:
    return number if other is None else min(number, other)
