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


@dataclass(frozen=True, slots=True)
class FileSource:
    """A regular file. Raises ModelNotFound or InvalidModel when it is made and is none."""

    path: str | os.PathLike[str]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _regular_file_size(self.path))

    @property
    def name(self) -> str:
        return Path(self.path).name

    def read(self, offset: int, length: int) -> bytes:
        try:
            with open(self.path, "rb") as file:
                file.seek(offset)
                return file.read(length)
        except OSError as error:
            raise _unreadable(self.path, error) from error


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
            return InvalidModel(f"{path} cannot be read: {error.strerror}.", "Check the path and the disk.")
