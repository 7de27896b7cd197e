"""What crosses the pipes between a profiler and its worker process."""

from __future__ import annotations

import msgspec

from workbench.engine_profile import EngineProfile, ProfileRequest
from workbench_llama_cpp.frames import Message, Refused


class Look(Message, frozen=True):
    """To the worker: answered by Step, each time it begins something else, and Found."""

    request: ProfileRequest


class Step(Message, frozen=True):
    """From the worker: what it does now."""

    doing: str


class Found(Message, frozen=True):
    """From the worker: the end."""

    profile: EngineProfile


Reply = Step | Found | Refused

_jobs: msgspec.msgpack.Decoder[Look] = msgspec.msgpack.Decoder(Look)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def job(body: bytes) -> Look:
    return _jobs.decode(body)


def reply(body: bytes) -> Reply:
    return _replies.decode(body)
