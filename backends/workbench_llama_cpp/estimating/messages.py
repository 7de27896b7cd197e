"""What crosses the pipes between an estimator and its helper process, and how it is framed.

A frame is four bytes of length, little endian, and that many bytes of MessagePack. Each question gets one
answer, in order.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgspec

from workbench.engine_settings import EngineSettings
from workbench.memory import DeviceMemory, VirtualGpu

LENGTH = struct.Struct("<I")


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base of everything that crosses."""


class MeasureModel(Message, frozen=True):
    """To the helper: what the model of this skeleton takes. `name` is what messages call it."""

    skeleton: str
    name: str
    settings: EngineSettings
    gpus: tuple[VirtualGpu, ...] | None


class MeasureProjector(Message, frozen=True):
    """To the helper: what this projector takes beside a model."""

    path: str
    settings: EngineSettings
    gpus: tuple[VirtualGpu, ...] | None


class Ready(Message, frozen=True):
    """From the helper, first of all: it can measure, and whether by llama.cpp's own, exact answer."""

    exact: bool


class Measured(Message, frozen=True):
    """From the helper: the GPUs used, in order, the host, and what was done another way than usual."""

    devices: tuple[DeviceMemory, ...]
    host: DeviceMemory
    notes: tuple[str, ...] = ()


class Refused(Message, frozen=True):
    """From the helper: a WorkbenchError of that kind."""

    kind: str
    message: str
    remedy: str


Question = MeasureModel | MeasureProjector
Answer = Ready | Measured | Refused

_encoder = msgspec.msgpack.Encoder()
_questions: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def frame(message: Message) -> bytes:
    body = _encoder.encode(message)
    return LENGTH.pack(len(body)) + body


def question(body: bytes) -> Question:
    return _questions.decode(body)


def answer(body: bytes) -> Answer:
    return _answers.decode(body)


def read_body(stream: BinaryIO) -> bytes | None:
    """The next frame's content; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None
