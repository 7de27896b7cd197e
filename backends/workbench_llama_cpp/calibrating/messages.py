"""What crosses the pipes between a calibrator and its worker process."""

from __future__ import annotations

import msgspec

from workbench.calibration_request import CalibrationRequest
from workbench_llama_cpp.frames import Message, Refused


class Calibrate(Message, frozen=True):
    """To the worker: measure; the answers are At, and one Measured."""

    request: CalibrationRequest


class At(Message, frozen=True):
    """From the worker: so many pieces of the text are done."""

    done: int
    total: int


class Measured(Message, frozen=True):
    """From the worker: the file is written."""


Reply = At | Measured | Refused

_jobs: msgspec.msgpack.Decoder[Calibrate] = msgspec.msgpack.Decoder(Calibrate)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def job(body: bytes) -> Calibrate:
    return _jobs.decode(body)


def reply(body: bytes) -> Reply:
    return _replies.decode(body)
