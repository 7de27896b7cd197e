"""Spans of runs within which nothing changed that could change speeds, and what changed from one to the next.

Knows nothing of speeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench import wording
from workbench.benchmark.history.record import RunRecord
from workbench.circumstances import Circumstances, EngineIdentity

_SAME_MEMORY = 0.02
"""A kernel may tell a size that differs by so much of the same memory."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was updated, and from what to what, as people call it."""

    what: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.what} {self.before} → {self.now}"


@dataclass(frozen=True, slots=True)
class Epoch:
    """Runs under the same circumstances, the oldest first, and what changed before the first of them."""

    changes: tuple[Change, ...]
    runs: tuple[RunRecord, ...]


def epochs(runs: Sequence[RunRecord]) -> list[Epoch]:
    """Of the runs of one model on one machine, the oldest first."""
    found: list[Epoch] = []
    for run in runs:
        last = found[-1].runs[-1] if found else run
        changed = tuple(changes(last.circumstances, run.circumstances))
        if found and not changed:
            found[-1] = Epoch(found[-1].changes, (*found[-1].runs, run))
        else:
            found.append(Epoch(changed, (run,)))
    return found


def changes(before: Circumstances, now: Circumstances) -> Iterator[Change]:
    """What is other than it was, the engine first."""
    old, new = before.engine, now.engine
    if (old.backend, old.version, old.build) != (new.backend, new.version, new.build):
        yield _engine(old, new)
    if old.drivers != new.drivers:
        yield Change("driver", _listed(old.drivers), _listed(new.drivers))
    if old.kernel != new.kernel:
        yield Change("kernel", old.kernel or "unknown", new.kernel or "unknown")
    if old.microcode != new.microcode:
        yield Change("microcode", old.microcode or "unknown", new.microcode or "unknown")
    was, has = before.machine.ram_bytes, now.machine.ram_bytes
    if abs(was - has) > _SAME_MEMORY * max(was, has):
        yield Change("memory", wording.size(was), wording.size(has))


def _engine(old: EngineIdentity, new: EngineIdentity) -> Change:
    if old.backend != new.backend:
        return Change("engine", old.backend, new.backend)
    if old.version != new.version:
        return Change(new.backend, old.version, new.version)
    return Change(f"{new.backend} {new.version}, build", old.build, new.build)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
