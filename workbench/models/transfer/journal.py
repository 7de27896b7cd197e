"""The record, beside a partial file, of which of its bytes have arrived; a line is added for each range.

After a crash of the process all lines count, for what was written is in the system's cache. After a crash of
the machine only as many count as the last line `synced` says, for only their bytes are known to be on the
disk. Which of the two it was, the system's boot id tells. Knows nothing of networks.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from workbench.models.transfer.ranges import Range, Ranges

_SYNCED = "synced"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a journal says: bytes that have arrived, and those of them that are known to be on the disk."""

    arrived: Ranges = field(default_factory=Ranges)
    synced: Ranges = field(default_factory=Ranges)


class Journal:
    """Appends to the journal at `path`, which is begun anew with what is already known.

    `content` names what is being fetched; a journal about something else counts for nothing. `length` is the
    number of ranges recorded so far.
    """

    def __init__(self, path: Path, content: str, known: Recorded) -> None:
        synced, arrived = _lines(known.synced), _lines(known.arrived)
        head = [f"workbench transfer {content}", f"boot {boot_id()}"]
        _replace(path, "\n".join([*head, *synced, f"{_SYNCED} {len(synced)}", *arrived]) + "\n")
        self.length = len(synced) + len(arrived)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def arrived(self, start: int, end: int) -> None:
        """These bytes have been written to the partial file."""
        os.write(self._file, f"{start} {end}\n".encode())
        self.length += 1

    def synced(self, length: int) -> None:
        """The bytes of the first so many ranges have been flushed to the disk."""
        os.write(self._file, f"{_SYNCED} {length}\n".encode())
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


def recorded(path: Path, content: str) -> Recorded:
    """What the journal at `path` still vouches for; nothing where there is none about this content."""
    try:
        lines = path.read_text(errors="replace").split("\n")[:-1]
    except OSError:
        return Recorded()
    if len(lines) < 2 or lines[0] != f"workbench transfer {content}":
        return Recorded()
    arrived, synced = _read(lines[2:])
    return Recorded(arrived if lines[1] == f"boot {boot_id()}" else synced, synced)


def _read(lines: list[str]) -> tuple[Ranges, Ranges]:
    """All ranges up to the first line that makes no sense, and those known to be on the disk."""
    arrived: list[Range] = []
    synced = 0
    for line in lines:
        first, _, second = line.partition(" ")
        if len(line) > 64 or not second.isdecimal() or not (first.isdecimal() or first == _SYNCED):
            break
        if first == _SYNCED:
            synced = int(second)
        else:
            arrived.append((int(first), int(second)))
    return Ranges(arrived), Ranges(arrived[:synced])


def _lines(ranges: Ranges) -> list[str]:
    return [f"{start} {end}" for start, end in ranges]


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    with open(new, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


@cache
def boot_id() -> str:
    """A name for the time since this machine was started."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil

        return str(round(psutil.boot_time(), -1))
