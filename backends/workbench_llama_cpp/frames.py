"""How messages cross the pipes to processes of this engine's own.

A frame is four bytes of length, little endian, and that many bytes of MessagePack.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgspec

LENGTH = struct.Struct("<I")


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base of everything that crosses."""


class Refused(Message, frozen=True):
    """From such a process: a WorkbenchError of that kind."""

    kind: str
    message: str
    remedy: str


_encoder = msgspec.msgpack.Encoder()


def frame(message: Message) -> bytes:
    body = _encoder.encode(message)
    return LENGTH.pack(len(body)) + body


def read_body(stream: BinaryIO) -> bytes | None:
    """The next frame's content; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None
