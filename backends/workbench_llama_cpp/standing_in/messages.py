"""What crosses the pipes between the writer of stand-ins and its worker process."""

from __future__ import annotations

import msgspec

from workbench_llama_cpp.frames import Message, Refused


class MakeNoise(Message, frozen=True):
    """To the worker: blocks of the types with these numbers; the answer is one Noise."""

    types: tuple[int, ...]


class Noise(Message, frozen=True):
    """From the worker: the blocks of each type, by its number."""

    blocks: dict[int, bytes]


Reply = Noise | Refused

_jobs: msgspec.msgpack.Decoder[MakeNoise] = msgspec.msgpack.Decoder(MakeNoise)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def job(body: bytes) -> MakeNoise:
    return _jobs.decode(body)


def reply(body: bytes) -> Reply:
    return _replies.decode(body)
