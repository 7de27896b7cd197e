"""Between a client of ggml's RPC and the server all is passed on, but for what is not allowed."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from workbench_llama_cpp import rpc_protocol
from workbench_llama_cpp.lending.relay import Relay
from workbench_llama_cpp.rpc_protocol import BUFFER, DEVICE, GREETING, HEAD, MEMORY, SIZE, Command, asked

GIB = 2**30
TENSOR = b"t" * (3 << 20)


class Server:
    """A double of ggml's server: hands out buffers by number, and keeps what it was told."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.told: list[tuple[int, bytes]] = []

    def run(self) -> None:
        with suppress(OSError):
            while True:
                command, size = HEAD.unpack(rpc_protocol.received(self._connection, HEAD.size))
                body = rpc_protocol.received(self._connection, size)
                self.told.append((command, body))
                if (answer := self._answer(command, body)) is not None:
                    self._connection.sendall(SIZE.pack(len(answer)) + answer)

    def _answer(self, command: int, body: bytes) -> bytes | None:
        match command:
            case Command.HELLO:
                return struct.pack("<4B", 7, 0, 0, 0) + b"r" * 24
            case Command.ALLOC_BUFFER:
                return BUFFER.pack(len(self.told), struct.unpack("<IQ", body)[1])
            case Command.GET_DEVICE_MEMORY:
                return MEMORY.pack(64 * GIB, 64 * GIB)
            case Command.GET_TENSOR:
                return TENSOR
        return None


@pytest.fixture
def sides() -> Iterator[tuple[socket.socket, Server, Relay]]:
    """A client of a relay that may take 4 GiB of each device, of which the second is main memory."""
    (client, outside), (inside, served) = socket.socketpair(), socket.socketpair()
    server, relay = Server(served), Relay(outside, inside, 4 * GIB, {1})
    threads = [threading.Thread(target=one.run, daemon=True) for one in (server, relay)]
    for thread in threads:
        thread.start()
    yield client, server, relay
    for one, thread in ((client, threads[1]), (inside, threads[0])):
        one.close()
        thread.join(5)
        assert not thread.is_alive()
    outside.close()
    served.close()


Sides = tuple[socket.socket, Server, Relay]


def allocate(client: socket.socket, size: int, device: int = 0) -> tuple[int, ...]:
    return asked(client, Command.ALLOC_BUFFER, struct.pack("<IQ", device, size), BUFFER)


def test_what_is_large_arrives_whole_both_ways(sides: Sides) -> None:
    client, server, _ = sides
    client.sendall(HEAD.pack(Command.SET_TENSOR, len(TENSOR)) + TENSOR)
    client.sendall(HEAD.pack(Command.GET_TENSOR, 1) + b"x")
    assert SIZE.unpack(rpc_protocol.received(client, SIZE.size)) == (len(TENSOR),)
    assert rpc_protocol.received(client, len(TENSOR)) == TENSOR
    assert server.told == [(Command.SET_TENSOR, TENSOR), (Command.GET_TENSOR, b"x")]


def test_no_transport_goes_past_it(sides: Sides) -> None:
    client, server, _ = sides
    client.sendall(HEAD.pack(Command.HELLO, 24) + b"q" * 24)
    answer = rpc_protocol.received(client, SIZE.size + GREETING.size)[SIZE.size :]
    assert answer == struct.pack("<4B24x", 7, 0, 0, 0)
    assert server.told == [(Command.HELLO, bytes(24))]


def test_no_more_than_the_limit_is_taken_of_a_device(sides: Sides) -> None:
    client, server, relay = sides
    first, _ = allocate(client, 3 * GIB)
    assert first and allocate(client, 2 * GIB) == (0, 0)
    assert allocate(client, 4 * GIB, device=1)[0], "each device has its own"
    assert asked(client, Command.GET_DEVICE_MEMORY, DEVICE.pack(0), MEMORY) == (GIB, 4 * GIB)
    client.sendall(HEAD.pack(Command.FREE_BUFFER, 8) + SIZE.pack(first))
    assert allocate(client, 2 * GIB)[0]
    assert (relay.most_bytes, relay.refused_bytes) == (7 * GIB, 2 * GIB)
    assert [command for command, _ in server.told].count(Command.ALLOC_BUFFER) == 3


@pytest.mark.parametrize("head", [HEAD.pack(99, 4), HEAD.pack(Command.HELLO, 2**60), b"GET / HTTP/1.1\r\n"])
def test_what_is_no_client_is_shown_out(sides: Sides, head: bytes) -> None:
    client, server, relay = sides
    client.sendall(head)
    assert not server.told and not relay.most_bytes
