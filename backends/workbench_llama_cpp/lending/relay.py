"""Stands between a client of ggml's RPC and the server: passes on what both say, within a limit of memory.

A client asks one thing after the other, so one thread serves both directions. Offers of other transports than
TCP are left out, as what went past the relay could not be counted.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

from workbench.cgroup import free_memory
from workbench_llama_cpp.rpc_protocol import (
    ALLOCATE,
    BUFFER,
    DEVICE,
    GREETING,
    HEAD,
    HELLO,
    MEMORY,
    SIZE,
    UNANSWERED,
    Command,
    Ended,
    received,
)

_PIECE = 1 << 20
_NO_LIMIT = 2**64 - 1
_BODIES = {
    Command.HELLO: len(HELLO),
    Command.ALLOC_BUFFER: ALLOCATE.size,
    Command.FREE_BUFFER: SIZE.size,
    Command.GET_DEVICE_MEMORY: DEVICE.size,
}
"""The sizes of what is looked into."""


class Relay:
    """One client's, who may take `limit` bytes of each device. The `hosts` are those in main memory.

    Attributes:
        most_bytes: What the client held at most.
        refused_bytes: What it was refused last, 0 for nothing.
    """

    def __init__(
        self, client: socket.socket, server: socket.socket, limit: int | None, hosts: Collection[int]
    ) -> None:
        self._client, self._server, self._hosts = client, server, hosts
        self._limit = _NO_LIMIT if limit is None else limit
        self._held: dict[int, tuple[int, int]] = {}
        self.most_bytes = 0
        self.refused_bytes = 0

    def run(self) -> None:
        """Until the client leaves. Raises OSError where it breaks off in the middle, or the server does."""
        while (head := self._head()) is not None:
            command, size = HEAD.unpack(head)
            if command not in iter(Command) or _BODIES.get(command, size) != size:
                return
            match command:
                case Command.HELLO:
                    received(self._client, size)
                    self._answer(Command.HELLO, HELLO, GREETING.size, lambda said: said[:4] + HELLO)
                case Command.ALLOC_BUFFER:
                    self._allocate(received(self._client, size))
                case Command.FREE_BUFFER:
                    self._release(received(self._client, size))
                case Command.GET_DEVICE_MEMORY:
                    self._tell_memory(received(self._client, size))
                case _:
                    self._pass_on(head, size, answered=command not in UNANSWERED)

    def _head(self) -> bytes | None:
        try:
            return received(self._client, HEAD.size)
        except OSError:
            return None

    def _pass_on(self, head: bytes, size: int, *, answered: bool) -> None:
        _copy(self._client, self._server, size, head)
        if answered:
            told = received(self._server, SIZE.size)
            _copy(self._server, self._client, SIZE.unpack(told)[0], told)

    def _answer(self, command: Command, body: bytes, size: int, changed: Callable[[bytes], bytes]) -> bytes:
        """The server's answer, which the client gets as it was changed."""
        self._server.sendall(HEAD.pack(command, len(body)) + body)
        if SIZE.unpack(received(self._server, SIZE.size)) != (size,):
            raise Ended("the server's answer is of another size")
        said = received(self._server, size)
        self._client.sendall(SIZE.pack(size) + changed(said))
        return said

    def _allocate(self, body: bytes) -> None:
        device, wanted = ALLOCATE.unpack(body)
        if wanted > self._left(device):
            self.refused_bytes = wanted
            self._client.sendall(SIZE.pack(BUFFER.size) + BUFFER.pack(0, 0))
            return
        buffer, size = BUFFER.unpack(self._answer(Command.ALLOC_BUFFER, body, BUFFER.size, bytes))
        if buffer:
            self._held[buffer] = (device, size)
            self.most_bytes = max(self.most_bytes, sum(size for _, size in self._held.values()))

    def _release(self, body: bytes) -> None:
        self._held.pop(SIZE.unpack(body)[0], None)
        self._server.sendall(HEAD.pack(Command.FREE_BUFFER, len(body)) + body)

    def _tell_memory(self, body: bytes) -> None:
        (device,) = DEVICE.unpack(body)

        def within(said: bytes) -> bytes:
            free, total = MEMORY.unpack(said)
            if device in self._hosts:  # of which ggml tells the whole as free
                free = min(free, free_memory())
            return MEMORY.pack(min(free, self._left(device)), min(total, self._limit))

        self._answer(Command.GET_DEVICE_MEMORY, body, MEMORY.size, within)

    def _left(self, device: int) -> int:
        held = sum(size for place, size in self._held.values() if place == device)
        return max(0, self._limit - held)


def _copy(source: socket.socket, target: socket.socket, size: int, head: bytes) -> None:
    """Pass on so many bytes, with `head` before them. Small ones go out together."""
    if size <= _PIECE:
        target.sendall(head + received(source, size))
        return
    target.sendall(head)
    while size:
        size -= len(piece := received(source, min(size, _PIECE)))
        target.sendall(piece)
