"""How far greedy answers stay those of the base, found without generating them again.

The base answers each prompt once. Another model would give the same answer if, reading it, it held each of
its tokens for the likeliest, which one pass over prompt and answer tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from workbench.chat.template import render
from workbench.conversation import Conversation, Message
from workbench.ports import ScoredModel
from workbench.quantization.quality.expectations import logits_from

LONGEST = 48
"""Tokens of an answer that are looked at."""
SHORTEST_CONTEXT = 512


class Answer(msgspec.Struct, frozen=True):
    """A prompt as the model reads it, and the answer, with the token that ended it."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over all prompts: the share of answers that stay the same, and of tokens before the first other one."""

    prompts: int
    same: float
    tokens: float


def answered(model: ScoredModel, prompt: str) -> Answer:
    """The likeliest answer to the prompt, as far as it is looked at. Raises ContextExceeded."""
    tokens = _prompt(model, prompt)
    answer: list[int] = []
    logits = model.extend(tokens, 1, anew=True)
    while True:
        answer.append(int(logits[0].argmax()))
        if len(answer) == LONGEST or answer[-1] in model.end_tokens:
            return Answer(tuple(tokens), tuple(answer))
        logits = model.extend(answer[-1:], 1)


def agreed(model: ScoredModel, base: Answer) -> int:
    """How many tokens of the base's answer the model would give as well, before its first other one."""
    for place, token in enumerate(_likeliest(model, base)):
        if token != base.answer[place]:
            return place
    return len(base.answer)


def agreement(counts: Sequence[int], answers: Sequence[Answer]) -> Agreement:
    shares = [count / len(answer.answer) for count, answer in zip(counts, answers, strict=True)]
    return Agreement(len(shares), shares.count(1.0) / len(shares), float(np.mean(shares)))


def _prompt(model: ScoredModel, prompt: str) -> list[int]:
    """As a conversation's first message, where the model has a template for that."""
    if model.chat_template is None:
        return model.tokenize(prompt)
    conversation = Conversation((Message("user", prompt),))
    return model.tokenize(render(model.chat_template, conversation, model.special_tokens), special=True)


def _likeliest(model: ScoredModel, base: Answer) -> Iterator[int]:
    """What the model would say at each place of the answer, given what comes before."""
    for _, logits in logits_from(model, [*base.prompt, *base.answer[:-1]], len(base.prompt) - 1):
        yield from logits.argmax(axis=1).tolist()
