"""What crosses the pipes between a quantizer and its worker process."""

from __future__ import annotations

import msgspec

from workbench.quantize_request import QuantizePlan, QuantizeRequest
from workbench_llama_cpp.frames import Message, Refused


class Plan(Message, frozen=True):
    """To the worker: say what would come of the request."""

    request: QuantizeRequest


class Quantize(Message, frozen=True):
    """To the worker: write it to `target`; the answers are At, and one Written."""

    request: QuantizeRequest
    target: str


class Planned(Message, frozen=True):
    """From the worker."""

    plan: QuantizePlan


class At(Message, frozen=True):
    """From the worker: the tensor of that name is done."""

    tensor: str


class Written(Message, frozen=True):
    """From the worker: the files are whole."""


Job = Plan | Quantize
Reply = Planned | At | Written | Refused

_jobs: msgspec.msgpack.Decoder[Job] = msgspec.msgpack.Decoder(Job)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def job(body: bytes) -> Job:
    return _jobs.decode(body)


def reply(body: bytes) -> Reply:
    return _replies.decode(body)
