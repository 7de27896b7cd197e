"""Files that each keep what a model remembers after some tokens, beyond the life of the engine.

Each combination of model, engine and settings has a folder, in one that all of them share with one limit.
A file is private, appears whole or not at all, and carries a checksum of everything in it; what does not
check out is removed. Knows nothing of sequences or requests.
"""

from __future__ import annotations

import mmap
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import xxhash

from workbench_llama_cpp.sequence_state import State
from workbench_llama_cpp.slots import Tokens

MAGIC = b"workbench prompt"
HEAD = struct.Struct("<16s16sQQ")
"""Magic, checksum of all that follows it, number of tokens, bytes of state. Then the tokens and the state."""

SUFFIX, PART = ".prompt", ".part"
CHUNK = 16 << 20


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One file that looked whole when the folder was read."""

    path: Path
    tokens: Tokens


class PromptFiles:
    """The files of one `key`; `limit` bounds the bytes of all files of all keys."""

    def __init__(self, folder: Path, key: str, limit: int) -> None:
        self._shared, self._folder, self._limit = folder, folder / key, limit
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_unfinished(self._folder)
        paths = sorted(self._folder.glob(f"*{SUFFIX}"))
        self.files = [file for path in paths if (file := _opened(path)) is not None]

    def state(self, file: PromptFile) -> State | None:
        """The state in the file, shape (bytes,); None, and no file any more, when it is damaged."""
        try:
            with file.path.open("rb") as stream:
                data = np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
        except (OSError, ValueError):
            self.remove(file)
            return None
        head = _head(data[: HEAD.size].tobytes(), len(data))
        if head is None or xxhash.xxh3_128_digest(data[32:].data) != head[0]:
            self.remove(file)
            return None
        with suppress(OSError):
            os.utime(file.path)
        return data[HEAD.size + 4 * head[1] :]

    def write(self, tokens: Tokens, state: State) -> Iterator[None]:
        """Keep a state, a chunk at each step. A full disk keeps nothing; raises nothing."""
        path = self._folder / f"{secrets.token_hex(8)}{SUFFIX}"
        part = path.with_suffix(f".{os.getpid()}{PART}")
        try:
            yield from _write(part, tokens, state)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            return
        for file in [file for file in self.files if _continues(tokens, file.tokens)]:
            self.remove(file)
        self.files.append(PromptFile(path, tokens))
        self._make_room()

    def fits(self, size: int) -> bool:
        return size <= self._limit

    def remove(self, file: PromptFile) -> None:
        self.files.remove(file)
        with suppress(OSError):
            file.path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Remove what was used longest ago, whichever model it is of."""
        found = []
        for path in self._shared.glob(f"*/*{SUFFIX}"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit:
                break
            path.unlink(missing_ok=True)
            total -= size
        self.files = [file for file in self.files if file.path.exists()]


def _continues(tokens: Tokens, earlier: Tokens) -> bool:
    return len(earlier) <= len(tokens) and bool((tokens[: len(earlier)] == earlier).all())


def _write(part: Path, tokens: Tokens, state: State) -> Iterator[None]:
    sizes = struct.pack("<QQ", len(tokens), len(state))
    checksum = xxhash.xxh3_128(sizes)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(HEAD.pack(MAGIC, bytes(16), len(tokens), len(state)))
        for data in (tokens.view(np.uint8), state):
            for start in range(0, len(data), CHUNK):
                chunk = data[start : start + CHUNK].data
                checksum.update(chunk)
                stream.write(chunk)
                yield
        stream.seek(0)
        stream.write(MAGIC + checksum.digest())


def _head(data: bytes, size: int) -> tuple[bytes, int] | None:
    """The checksum and the number of tokens of a file of `size` bytes, None where it is no such file."""
    if len(data) < HEAD.size:
        return None
    magic, checksum, tokens, state = HEAD.unpack(data)
    whole = magic == MAGIC and size == HEAD.size + 4 * tokens + state
    return (checksum, tokens) if whole else None


def _opened(path: Path) -> PromptFile | None:
    try:
        with path.open("rb") as stream:
            head = _head(stream.read(HEAD.size), path.stat().st_size)
            if head is not None:
                return PromptFile(path, np.frombuffer(stream.read(4 * head[1]), np.int32))
        path.unlink(missing_ok=True)
    except OSError:
        pass
    return None


def _remove_unfinished(folder: Path) -> None:
    """What a process left that did not end in an orderly way."""
    for part in folder.glob(f"*{PART}"):
        owner = part.suffixes[-2][1:]
        if not (owner.isdigit() and psutil.pid_exists(int(owner))):
            part.unlink(missing_ok=True)
