"""The SHA-256 of a model's files, found out beside other work where nobody has told it.

A hash that was published with a file, or recorded while the file was as it is, is taken as it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

from workbench.models.checksums import record_checksum, recorded_checksum
from workbench.models.stores import StoredFile
from workbench.models.verification import hash_of

_ORIGIN = "first quantized here"


class _Stopped(Exception):
    """Nobody wants to know any more."""


class SourceHash:
    """Hashes in a thread of its own from `start` to `result` or `stop`."""

    def __init__(self, files: Sequence[StoredFile]) -> None:
        self._files = files
        self._found: list[str] = []
        self._failure: OSError | None = None
        self._stop = Event()
        self._thread = Thread(target=self._hash, name="source hash", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def result(self) -> list[str]:
        """One for each file. Raises OSError where one could not be read."""
        self._thread.join()
        if self._failure:
            raise self._failure
        return self._found

    def stop(self) -> None:
        self._stop.set()

    def _hash(self) -> None:
        try:
            for file in self._files:
                self._found.append(known_hash(file) or self._hashed(file.path))
        except OSError as error:
            self._failure = error
        except _Stopped:
            pass

    def _hashed(self, path: Path) -> str:
        found = hash_of(path, "", self._progress)
        if recorded_checksum(path) is None:
            record_checksum(path, found, _ORIGIN)
        return found

    def _progress(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _Stopped


def known_hash(file: StoredFile) -> str:
    """What was published of it or recorded of it as it is now, "" where nothing was."""
    if len(file.digest) == 64:
        return file.digest
    record, state = recorded_checksum(file.path), os.stat(file.path)
    same = record and (record.size_bytes, record.modified_ns) == (state.st_size, state.st_mtime_ns)
    return record.sha256 if record and same else ""
