"""What crosses the pipes between a lender and the process in which llama.cpp's RPC server runs."""

from __future__ import annotations

import msgspec

from workbench_llama_cpp.frames import Message, Refused


class Lend(Message, frozen=True):
    """To the process: serve these devices on that port of loopback; none stands for the usual ones."""

    port: int
    devices: tuple[str, ...]
    threads: int | None


class Lent(Message, frozen=True):
    """One device; on the `host` it is the processor, and its memory is main memory."""

    name: str
    description: str
    host: bool
    total_bytes: int


class Ready(Message, frozen=True):
    """From the process: these are being lent from now on, in this order."""

    devices: tuple[Lent, ...]


Answer = Ready | Refused

_orders: msgspec.msgpack.Decoder[Lend] = msgspec.msgpack.Decoder(Lend)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def order(body: bytes) -> Lend:
    return _orders.decode(body)


def answer(body: bytes) -> Answer:
    return _answers.decode(body)
