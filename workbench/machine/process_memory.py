"""What a process holds of the main memory and of the cards, read from outside of it.

Knows nothing of engines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from workbench.machine.gpus import Gpu


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Resident bytes: anonymous ones, which nothing can stand for, and those that a file can bring again."""

    anonymous: int
    file_backed: int


def host_memory(pid: int, processes: Path = Path("/proc")) -> HostMemory | None:
    """None for a process that is gone or not ours to look at. Outside Linux, all counts as anonymous."""
    try:
        text = (processes / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return _without_smaps(pid) if not processes.is_dir() else None
    sizes = {
        name: int(words[0]) * 2**10
        for name, _, rest in (line.partition(":") for line in text.splitlines()[1:])
        if (words := rest.split()) and words[0].isdecimal()
    }
    if "Rss" not in sizes or "Anonymous" not in sizes:
        return None
    return HostMemory(sizes["Anonymous"], max(0, sizes["Rss"] - sizes["Anonymous"]))


def peak_memory(pid: int, processes: Path = Path("/proc")) -> int | None:
    """The most bytes that were resident at any time, files too; those that are now, where nobody counted."""
    try:
        text = (processes / str(pid) / "status").read_text()
    except OSError:
        now = _without_smaps(pid) if not processes.is_dir() else None
        return now.anonymous if now else None
    peaks = [line.split()[1] for line in text.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) * 2**10 if peaks else None


def card_memory(pid: int, cards: Iterable[Gpu]) -> dict[str, int]:
    """Bytes by the card's place, or its name where that is unknown; cards that do not tell are left out."""
    return {
        card.bus_id or card.name: process.memory
        for card in cards
        for process in card.processes
        if process.pid == pid and process.memory is not None
    }


def _without_smaps(pid: int) -> HostMemory | None:
    try:
        return HostMemory(psutil.Process(pid).memory_info().rss, 0)
    except psutil.Error:
        return None
