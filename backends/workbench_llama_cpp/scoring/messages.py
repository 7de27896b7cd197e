"""What crosses the pipes between a scorer and its process. Each question gets one answer, in order."""

from __future__ import annotations

import msgspec

from workbench.engine_settings import EngineSettings
from workbench_llama_cpp.frames import Message, Refused


class Open(Message, frozen=True):
    """To the process, first of all: load this, and put logits into the open file of that number."""

    model: str
    settings: EngineSettings
    shared: int


class Tokenize(Message, frozen=True):
    """To the process: tokens of a text; answered by Tokens."""

    text: str
    special: bool


class Extend(Message, frozen=True):
    """To the process: compute tokens, 32-bit numbers as bytes; answered by Extended."""

    tokens: bytes
    outputs: int
    anew: bool


class Opened(Message, frozen=True):
    """From the process: ready."""

    vocabulary_size: int
    first_token: int | None
    end_tokens: frozenset[int]
    most_outputs: int
    chat_template: str | None
    special_tokens: dict[str, str]


class Tokens(Message, frozen=True):
    """From the process: answer to Tokenize, 32-bit numbers as bytes."""

    tokens: bytes


class Extended(Message, frozen=True):
    """From the process: the logits are where both look."""


Question = Open | Tokenize | Extend
Answer = Opened | Tokens | Extended | Refused

_questions: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def question(body: bytes) -> Question:
    return _questions.decode(body)


def answer(body: bytes) -> Answer:
    return _answers.decode(body)
