"""The GPUs of a Mac, by system_profiler. Knows nothing of engines, and what it has not seen it leaves out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from workbench.machine.asking import Unanswered, output_of
from workbench.machine.cards import metal_share

_COMMAND = ("/usr/sbin/system_profiler", "SPDisplaysDataType", "-json")
_WIRED_LIMIT = ("/usr/sbin/sysctl", "-n", "iogpu.wired_limit_mb")
_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class MetalGpu:
    """A GPU; `memory` is what it may use of the machine's, None for one with memory of its own."""

    name: str
    cores: int | None
    memory: int | None


def metal_gpus(ram_bytes: int) -> tuple[MetalGpu, ...]:
    """Raises Unanswered."""
    try:
        limit = output_of(_WIRED_LIMIT, _SECONDS).strip()
    except Unanswered:
        limit = ""
    wired = int(limit) * 2**20 if limit.isdecimal() else 0
    return parsed(output_of(_COMMAND, _SECONDS), wired or metal_share(ram_bytes))


def parsed(document: str, shared_bytes: int) -> tuple[MetalGpu, ...]:
    """From system_profiler's JSON. Raises Unanswered for anything else."""
    try:
        entries: list[dict[str, Any]] = json.loads(document)["SPDisplaysDataType"]
        return tuple(_gpu(entry, shared_bytes) for entry in entries if "sppci_model" in entry)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unanswered("system_profiler's answer cannot be read.") from error


def _gpu(entry: dict[str, Any], shared_bytes: int) -> MetalGpu:
    name, cores = str(entry["sppci_model"]), str(entry.get("sppci_cores", ""))
    unified = name.startswith("Apple")
    return MetalGpu(name, int(cores) if cores.isdecimal() else None, shared_bytes if unified else None)
