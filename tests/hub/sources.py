"""The bytes of an answer by position: sent straight from file or memory, or read to be changed first."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tests.hub.messages import Response


class Source(Protocol):
    """Bytes that can be read and sent from any position."""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes that are there; fewer than asked at the end."""

    def push(self, to: socket.socket, start: int, stop: int) -> int:
        """Send some of the bytes as they are, without a copy of them in this process; say how many."""


class Memory:
    """Bytes in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    def read(self, start: int, stop: int) -> bytes:
        return bytes(self._content[start:stop])

    def push(self, to: socket.socket, start: int, stop: int) -> int:
        return to.send(self._content[start:stop])


class File:
    """Bytes of an open file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, start: int, stop: int) -> bytes:
        return os.pread(self._descriptor, stop - start, start)

    def push(self, to: socket.socket, start: int, stop: int) -> int:
        return os.sendfile(to.fileno(), self._descriptor, start, stop - start)


@contextmanager
def opened(response: Response) -> Iterator[Source]:
    """The source of the answer's body."""
    content = response.body if response.blob is None else response.blob.source
    if isinstance(content, bytes):
        yield Memory(content)
        return
    with content.open("rb") as file:
        yield File(file.fileno())
