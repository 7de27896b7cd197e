"""What a container allows this process: processors and memory, from control groups of version 1 and 2.

Below everything else, because engines ask as well. A limit above what the machine has is the caller's to
ignore.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Limits:
    """The tightest limits on the way up from this process's group; None where there is none.

    Attributes:
        cpus: Processors' worth of time, which may be a fraction.
        memory: Bytes at most.
        memory_free: Bytes left below the tightest of the limits; cache that can be dropped counts as free.
    """

    cpus: float | None = None
    memory: int | None = None
    memory_free: int | None = None


def limits(process: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> Limits:
    memories, frees, cpus = [], [], []
    for controller, group in _groups(process, mount):
        if controller == "memory":
            ceiling = _number(group, "memory.max", "memory.limit_in_bytes")
            if ceiling is not None:
                memories.append(ceiling)
                frees.append(max(0, ceiling - _used(group)))
        elif (quota := _cpus(group)) is not None:
            cpus.append(quota)
    return Limits(min(cpus, default=None), min(memories, default=None), min(frees, default=None))


def free_memory() -> int:
    """Bytes that this process may still take: what the machine has free, within the limits."""
    allowed = limits().memory_free
    available: int = psutil.virtual_memory().available
    return available if allowed is None else min(available, allowed)


def _groups(process: Path, mount: Path) -> Iterator[tuple[str, Path]]:
    """Each group that holds this process, for the two controllers that matter, from its own to the root."""
    for line in _text(process).splitlines():
        names, _, path = line.partition(":")[2].partition(":")
        for controller in ("memory", "cpu"):
            if not names or controller in names.split(","):
                root = _root(mount, names, controller)
                yield from ((controller, group) for group in _ancestors(root, path))


def _root(mount: Path, names: str, controller: str) -> Path:
    """Version 1 mounts a tree for each set of controllers; version 2, which names none, has one tree."""
    candidates = (mount / names, mount / controller) if names else (mount,)
    return next((root for root in candidates if root.is_dir()), mount)


def _ancestors(root: Path, path: str) -> Iterator[Path]:
    # Inside a container the path may name a folder that only the host sees; the root is always there.
    group = root / path.lstrip("/")
    while group != root and root in group.parents:
        yield group
        group = group.parent
    yield root


def _used(group: Path) -> int:
    used = _number(group, "memory.current", "memory.usage_in_bytes") or 0
    statistics = dict(line.split(maxsplit=1) for line in _text(group / "memory.stat").splitlines())
    droppable = int(statistics.get("total_inactive_file", statistics.get("inactive_file", "0")))
    return max(0, used - droppable)


def _cpus(group: Path) -> float | None:
    words = _text(group / "cpu.max").split()
    if len(words) == 2 and words[0] != "max":
        return int(words[0]) / int(words[1])
    quota, period = _number(group, "cpu.cfs_quota_us"), _number(group, "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _number(group: Path, *names: str) -> int | None:
    for name in names:
        text = _text(group / name).strip()
        if text and text != "max":
            return int(text)
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
