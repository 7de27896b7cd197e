"""A file of blocks, each with its checksum, that grows at its end and survives being cut off anywhere.

What was not written whole is dropped when the file is opened again, so work goes on behind the last sound
block. Knows nothing of what the blocks hold.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import xxhash

from workbench.models.transfer.disk import unwritable

_HEAD = struct.Struct("<QQ")
"""Length and checksum of what follows."""


class BlockFile:
    """The blocks of one file, by number. One process at a time may have it open."""

    def __init__(self, path: Path) -> None:
        """Opens it, or makes it with its folder. Raises NoSpace or WorkbenchError."""
        self._path = path
        self._starts: list[int] = []
        self._end = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "a+b")  # noqa: SIM115
            self._look_through()
        except OSError as error:
            raise unwritable(path, error) from error

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> bytes:
        self._file.seek(self._starts[number])
        length, _ = _HEAD.unpack(self._file.read(_HEAD.size))
        return self._file.read(length)

    def append(self, content: bytes) -> None:
        """Raises NoSpace or WorkbenchError, and then the file is as it was."""
        try:
            self._file.write(_HEAD.pack(len(content), xxhash.xxh3_64_intdigest(content)))
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            self._file.truncate(self._end)
            raise unwritable(self._path, error) from error
        self._starts.append(self._end)
        self._end += _HEAD.size + len(content)

    def close(self) -> None:
        self._file.close()

    def _look_through(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        self._file.seek(0)
        while content := self._next(size):
            self._starts.append(self._end)
            self._end += _HEAD.size + len(content)
        self._file.truncate(self._end)

    def _next(self, size: int) -> bytes:
        """The next block, or nothing where none is sound."""
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return b""
        length, checksum = _HEAD.unpack(head)
        if length > size - self._end - _HEAD.size:
            return b""
        content = self._file.read(length)
        return content if xxhash.xxh3_64_intdigest(content) == checksum else b""
