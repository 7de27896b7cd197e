"""A file that is still arriving, in any order, and the journal that lets a later process go on with it.

Safe to use from several threads. Knows nothing of networks or of what the bytes should be.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock

from workbench.models.transfer.disk import flush_folder, unwritable
from workbench.models.transfer.journal import Journal, Recorded, recorded
from workbench.models.transfer.ranges import Range, Ranges

RECORD_BYTES = 256 << 10
RECORD_SECONDS = 0.1
SYNC_SECONDS = 20.0


class PartialFile:
    """The partial file at `path`, of `size` bytes when it is whole.

    `content` names what is being fetched; what an earlier process left is used only if it was the same.
    Raises NoSpace when the disk is full or may not be written to.
    """

    def __init__(self, path: Path, size: int, content: str) -> None:
        self.path, self.size = path, size
        self._content = _content(content, size)
        self._lock = Lock()
        known = recorded(_journal(path), self._content)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            there = os.fstat(self._file).st_size
            self._begin(Recorded(known.arrived.cut(there), known.synced.cut(there)))
        except OSError as error:
            raise unwritable(path, error) from error

    def _begin(self, known: Recorded) -> None:
        self._have, self._unrecorded = Ranges(known.arrived), Ranges()
        self._journal = Journal(_journal(self.path), self._content, known)
        self._recorded_at = self._synced_at = time.monotonic()

    def write(self, offset: int, data: bytes) -> None:
        with self._lock:
            try:
                self._write(offset, memoryview(data))
            except OSError as error:
                raise unwritable(self.path, error) from error

    def _write(self, offset: int, data: memoryview) -> None:
        end = offset + len(data)
        while offset < end:
            written = os.pwrite(self._file, data, offset)
            self._have.add(offset, offset + written)
            self._unrecorded.add(offset, offset + written)
            offset, data = offset + written, data[written:]
        now = time.monotonic()
        if self._unrecorded.total >= RECORD_BYTES or now - self._recorded_at >= RECORD_SECONDS:
            self._record(now)

    def _record(self, now: float) -> None:
        for start, end in self._unrecorded:
            self._journal.arrived(start, end)
        self._unrecorded, self._recorded_at = Ranges(), now

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file, length, offset)

    def sync_now_and_then(self) -> None:
        """Flush to the disk what has arrived, if that was long ago."""
        if time.monotonic() - self._synced_at >= SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Flush to the disk what has arrived, so that it survives a loss of power."""
        try:
            with self._lock:
                self._record(time.monotonic())
                journal, length = self._journal, self._journal.length
            os.fsync(self._file)
            with self._lock:
                if journal is self._journal:
                    journal.synced(length)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._synced_at = time.monotonic()

    def have(self) -> Ranges:
        with self._lock:
            return Ranges(self._have)

    @property
    def arrived_bytes(self) -> int:
        with self._lock:
            return self._have.total

    @property
    def frontier(self) -> int:
        with self._lock:
            return self._have.frontier

    def missing(self) -> list[Range]:
        return list(self.have().gaps(self.size))

    def start_over(self) -> None:
        """Forget all that has arrived."""
        with self._lock:
            self._journal.close()
            os.ftruncate(self._file, 0)
            self._begin(Recorded())

    def close(self) -> None:
        with self._lock:
            with suppress(OSError):  # a full disk: less is remembered than has arrived
                self._record(time.monotonic())
            self._journal.close()
            os.close(self._file)

    def discard(self) -> None:
        """Delete it; it must be closed."""
        remove_partial(self.path)


def arrived_bytes(path: Path, size: int, content: str) -> int:
    """How much of that file an earlier or other process has brought."""
    if not path.exists():
        return 0
    return recorded(_journal(path), _content(content, size)).arrived.cut(path.stat().st_size).total


def _content(content: str, size: int) -> str:
    return f"{content} {size}"


def remove_partial(path: Path) -> None:
    """Delete the partial file at `path` and its journal, if they are there."""
    path.unlink(missing_ok=True)
    _journal(path).unlink(missing_ok=True)


def publish_partial(path: Path, destination: Path) -> None:
    """Give the partial file, which is whole and flushed, its final name; that outlives a loss of power."""
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, destination)
        flush_folder(destination.parent)
    except OSError as error:
        raise unwritable(destination, error) from error
    _journal(path).unlink(missing_ok=True)


def _journal(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".incomplete") + ".journal")
