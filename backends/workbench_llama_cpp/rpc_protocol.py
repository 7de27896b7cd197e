"""ggml's RPC as it is on the wire: what is needed to greet a server, and to stand between it and its client.

A request is a command, the size of its body and the body; an answer is a size and a body, and not every
command has one (ggml-rpc.cpp). All numbers are little endian. Knows no server.
"""

from __future__ import annotations

import socket
import struct
from enum import IntEnum

VERSION = (7, 0)
"""The protocol of the pinned llama.cpp."""
HEAD = struct.Struct("<BQ")
SIZE = struct.Struct("<Q")
HELLO = bytes(24)
"""What a client can do beside TCP: nothing."""
GREETING = struct.Struct("<3Bx24x")
COUNT = struct.Struct("<I")
DEVICE = struct.Struct("<I")
MEMORY = struct.Struct("<QQ")
ALLOCATE = struct.Struct("<IQ")
BUFFER = struct.Struct("<QQ")


class Command(IntEnum):
    """All that there are."""

    ALLOC_BUFFER = 0
    GET_ALIGNMENT = 1
    GET_MAX_SIZE = 2
    BUFFER_GET_BASE = 3
    FREE_BUFFER = 4
    BUFFER_CLEAR = 5
    SET_TENSOR = 6
    SET_TENSOR_HASH = 7
    GET_TENSOR = 8
    COPY_TENSOR = 9
    GRAPH_COMPUTE = 10
    GET_DEVICE_MEMORY = 11
    INIT_TENSOR = 12
    GET_ALLOC_SIZE = 13
    HELLO = 14
    DEVICE_COUNT = 15
    GRAPH_RECOMPUTE = 16
    MEMSET_TENSOR = 17


UNANSWERED = {
    *(Command.FREE_BUFFER, Command.BUFFER_CLEAR, Command.SET_TENSOR, Command.GRAPH_COMPUTE),
    *(Command.INIT_TENSOR, Command.GRAPH_RECOMPUTE, Command.MEMSET_TENSOR),
}


class Ended(OSError):
    """The other side closed the connection, or sent what is no answer."""


def received(connection: socket.socket, size: int) -> bytes:
    """So many bytes. Raises Ended, and what the socket raises."""
    data = bytearray(size)
    filled, view = 0, memoryview(data)
    while filled < size:
        count = connection.recv_into(view[filled:])
        if not count:
            raise Ended("the connection was closed")
        filled += count
    return bytes(data)


def asked(connection: socket.socket, command: Command, body: bytes, answer: struct.Struct) -> tuple[int, ...]:
    """The numbers of the answer. Raises Ended for anything else, and what the socket raises."""
    connection.sendall(HEAD.pack(command, len(body)) + body)
    (size,) = SIZE.unpack(received(connection, SIZE.size))
    if size != answer.size:
        raise Ended("the answer is of another size")
    return answer.unpack(received(connection, size))
