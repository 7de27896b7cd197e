"""Where a header's bytes come from: a small port, so that the parser works the same on any of them.

Knows nothing of GGUF.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from workbench.errors import InvalidModel, ModelNotFound

WINDOW_BYTES = 256 << 10


class ByteSource(Protocol):
    """Bytes that can be read anywhere. Keeps nothing open between reads."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    @property
    def size(self) -> int:
        """The number of bytes there are."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only where the source ends."""

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        """A piece with the `length` bytes at `offset` and others that are as cheap, and where it begins.

        It ends before `offset + length` only where the source does.
        """


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes in memory."""

    data: bytes
    name: str = "The data"

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        return offset, self.read(offset, max(length, WINDOW_BYTES))


@dataclass(frozen=True, slots=True)
class FileSource:
    """A regular file. Raises ModelNotFound or InvalidModel when it is made and is none."""

    path: str | os.PathLike[str]
    name: str = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", Path(self.path).name)
        object.__setattr__(self, "size", _regular_file_size(self.path))

    def read(self, offset: int, length: int) -> bytes:
        try:
            with open(self.path, "rb") as file:
                file.seek(offset)
                return file.read(length)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        return offset, self.read(offset, max(length, WINDOW_BYTES))


class FirstWindowEnds(Exception):
    """Something past the first window was asked for."""


@dataclass(frozen=True, slots=True)
class FirstWindow:
    """The first window of another source. Raises FirstWindowEnds where a further one would be needed."""

    source: ByteSource

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, offset: int, length: int) -> bytes:
        return self.source.read(offset, length)

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        start, window = self.source.window(0, 1)
        if offset + length > start + len(window):
            raise FirstWindowEnds
        return start, window


def _regular_file_size(path: str | os.PathLike[str]) -> int:
    try:
        status = os.stat(path)
    except ValueError as error:  # a NUL in the path
        raise ModelNotFound(f"There is no file {os.fspath(path)!r}.", "Check the path.") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise InvalidModel(f"{path} is a folder, not a model file.", "Name the GGUF file inside it.")
    if not stat.S_ISREG(status.st_mode):
        raise InvalidModel(f"{path} is not a regular file.", "Name a GGUF file on disk.")
    return status.st_size


def _unreadable(path: str | os.PathLike[str], error: OSError) -> ModelNotFound | InvalidModel:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return ModelNotFound(f"There is no file {path}.", "Check the path.")
        case PermissionError():
            return InvalidModel(f"{path} may not be read.", "Give yourself permission to read it.")
        case _:
            reason = error.strerror or "the system gives no reason"
            return InvalidModel(f"{path} cannot be read: {reason}.", "Check the path and the disk.")
