"""The processor: its name, the cores this process may use, and the instructions that speed up models.

All files are looked for below a root, so that a test can lay out another machine. Knows no engine; what a
build uses of these instructions is the engine's to say.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from workbench.machine.asking import Unanswered, output_of

_X86 = {
    "avx": "AVX", "avx2": "AVX2", "f16c": "F16C", "fma": "FMA", "bmi2": "BMI2", "avx_vnni": "AVX_VNNI",
    "avx512f": "AVX512", "avx512_vnni": "AVX512_VNNI", "avx512vbmi": "AVX512_VBMI",
    "avx512_bf16": "AVX512_BF16", "amx_int8": "AMX_INT8", "amx_bf16": "AMX_BF16",
}  # fmt: skip
_ARM = {
    "asimd": "NEON", "asimddp": "DOTPROD", "i8mm": "MATMUL_INT8", "sve": "SVE", "sve2": "SVE2",
    "sme": "SME", "sme2": "SME2",
}  # fmt: skip
_MACOS = {
    "hw.optional.neon": "NEON", "hw.optional.arm.FEAT_DotProd": "DOTPROD",
    "hw.optional.arm.FEAT_I8MM": "MATMUL_INT8", "hw.optional.arm.FEAT_SME": "SME",
    "hw.optional.arm.FEAT_SME2": "SME2", "hw.optional.avx2_0": "AVX2", "hw.optional.avx512f": "AVX512",
}  # fmt: skip
_SYSCTL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Processor:
    """Whole cores that may be used, and their threads; their kinds, where there are two; instruction sets.

    `microcode` is the version of what the processor itself runs, "" where it is not told.
    """

    name: str
    physical_cores: int
    logical_cores: int
    performance_cores: int | None = None
    efficiency_cores: int | None = None
    isa: tuple[str, ...] = ()
    microcode: str = ""


def processor(root: Path = Path("/")) -> Processor:
    if platform.system() == "Darwin":
        return _of_macos()
    logical, physical = _cores(root)
    facts = _facts(root / "proc" / "cpuinfo")
    known = {**_X86, **_ARM}
    words = f"{facts.get('flags', '')} {facts.get('Features', '')}".split()
    name = facts.get("model name") or platform.processor() or platform.machine()
    return Processor(
        name,
        len(physical),
        len(logical),
        *_kinds(root, logical),
        tuple(known[word] for word in known if word in words),
        facts.get("microcode", ""),
    )


def _facts(cpuinfo: Path) -> dict[str, str]:
    """What the system says of the first core."""
    try:
        first = cpuinfo.read_text(errors="replace").strip().split("\n\n")[0]
    except OSError:
        return {}
    lines = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def _cores(root: Path) -> tuple[set[int], set[str]]:
    """The logical cores that this process may be scheduled on, and the physical ones they belong to."""
    if not hasattr(os, "sched_getaffinity"):
        logical = set(range(os.cpu_count() or 1))
        return logical, {str(core) for core in range(psutil.cpu_count(logical=False) or len(logical))}
    usable = os.sched_getaffinity(0)
    return usable, {_siblings(root, core) for core in usable}


def _siblings(root: Path, core: int) -> str:
    return _text(_system(root) / f"cpu{core}" / "topology" / "thread_siblings_list") or str(core)


def _kinds(root: Path, usable: Iterable[int]) -> tuple[int | None, int | None]:
    """How many of the usable physical cores are fast and how many frugal; None, None where all are alike.

    Intel's hybrids list the two kinds as devices of their own; Arm tells a capacity for each core.
    """
    fast = _numbers(_text(root / "sys" / "devices" / "cpu_core" / "cpus"))
    frugal = _numbers(_text(root / "sys" / "devices" / "cpu_atom" / "cpus"))
    if not frugal:
        capacities = {core: _text(_system(root) / f"cpu{core}" / "cpu_capacity") for core in usable}
        largest = max((int(one) for one in capacities.values() if one.isdecimal()), default=0)
        fast = {core for core, one in capacities.items() if one == str(largest)}
        frugal = set(capacities) - fast
    if not fast or not frugal:
        return None, None
    count = [len({_siblings(root, core) for core in kind & set(usable)}) for kind in (fast, frugal)]
    return count[0], count[1]


def _numbers(listed: str) -> set[int]:
    """From the kernel's notation, such as 0-3,8."""
    found: set[int] = set()
    for part in filter(None, listed.split(",")):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found |= set(range(int(first), min(int(last or first), int(first) + 4096) + 1))
    return found


def _system(root: Path) -> Path:
    return root / "sys" / "devices" / "system" / "cpu"


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _of_macos() -> Processor:
    physical = psutil.cpu_count(logical=False) or 1
    fast, frugal = _sysctl("hw.perflevel0.physicalcpu"), _sysctl("hw.perflevel1.physicalcpu")
    return Processor(
        _sysctl("machdep.cpu.brand_string") or platform.machine(),
        physical,
        os.cpu_count() or physical,
        int(fast) if frugal.isdecimal() and fast.isdecimal() else None,
        int(frugal) if frugal.isdecimal() else None,
        tuple(name for key, name in _MACOS.items() if _sysctl(key) == "1"),
    )


def _sysctl(name: str) -> str:
    try:
        return output_of(("/usr/sbin/sysctl", "-n", name), _SYSCTL_SECONDS).strip()
    except Unanswered:
        return ""
