"""What crosses the pipes between an estimator and its helper process. Each question gets one answer."""

from __future__ import annotations

import msgspec

from workbench.engine_settings import EngineSettings
from workbench.memory import DeviceMemory, VirtualGpu
from workbench_llama_cpp.embedding_shape import EmbeddingShape
from workbench_llama_cpp.frames import Message, Refused


class MeasureModel(Message, frozen=True):
    """To the helper: what the model of this skeleton takes. `name` is what messages call it.

    `embedding` is how it makes vectors, where it does.
    """

    skeleton: str
    name: str
    settings: EngineSettings
    gpus: tuple[VirtualGpu, ...] | None
    embedding: EmbeddingShape | None = None


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


Question = MeasureModel | MeasureProjector
Answer = Ready | Measured | Refused

_questions: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def question(body: bytes) -> Question:
    return _questions.decode(body)


def answer(body: bytes) -> Answer:
    return _answers.decode(body)
