"""Answers that are compared or judged: preference pairs, and labels of single answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.conversation import Message
from workbench.datasets.forms.fields import Fields
from workbench.datasets.forms.messages import Turns, read_messages
from workbench.datasets.strict_json import Unreadable

CHOSEN = ("chosen", "chosen_response", "preferred_output", "preferred_completion")
REJECTED = (
    "rejected", "rejected_response", "rejected_messages", "non_preferred_output", "non_preferred_completion"
)  # fmt: skip
LABELS = ("label", "kto_tag")
_WORDS = {"true": True, "false": False, "1": True, "0": False}
_HUMAN, _ASSISTANT = "\n\nHuman:", "\n\nAssistant:"
Pair = tuple[Turns, tuple[Message, ...], tuple[Message, ...]]


def read_pair(fields: Fields, context: Callable[[Fields], Turns]) -> Pair | None:
    """The prompt, the chosen and the rejected answer; None where the row is no pair. Raises Unreadable.

    Without a prompt of its own, what both answers begin with is the prompt.
    """
    chosen_name, rejected_name = fields.first(*CHOSEN), fields.first(*REJECTED)
    if rejected_name is None or (chosen_name is None and not fields.has("messages")):
        return None
    chosen = fields.take(chosen_name) if chosen_name else None
    rejected = _answer(fields.take(rejected_name), rejected_name)
    turns = context(fields)
    if chosen is None:
        return _last_apart(turns, rejected)
    answer = _answer(chosen, str(chosen_name))
    return _without_prompt(answer, rejected) if not turns.messages else _after(turns, answer, rejected)


def read_label(fields: Fields) -> bool | None:
    """Whether the answer is wanted; None where the row says nothing of it, as with labels of other kinds."""
    name = fields.first(*LABELS)
    value = fields.peek(name) if name else None
    if isinstance(value, str):
        value = _WORDS.get(value.strip().lower())
    if not isinstance(value, bool) or name is None:
        return None
    fields.take(name)
    return value


def _answer(value: Any, name: str) -> tuple[Message, ...]:
    if isinstance(value, str):
        return _told_apart(value) if value.startswith(_HUMAN) else (Message("assistant", value),)
    return tuple(read_messages(value, name).messages)


def _told_apart(text: str) -> tuple[Message, ...]:
    """Turns of a text that marks them in words."""
    messages = []
    for asked in text.split(_HUMAN)[1:]:
        question, *answers = asked.split(_ASSISTANT)
        messages.append(Message("user", question.strip()))
        messages += [Message("assistant", answer.strip()) for answer in answers]
    return tuple(messages)


def _last_apart(turns: Turns, rejected: tuple[Message, ...]) -> Pair:
    chosen = tuple(turns.messages[-1:])
    del turns.messages[-1:]
    return turns, chosen, rejected[-1:]


def _after(turns: Turns, chosen: tuple[Message, ...], rejected: tuple[Message, ...]) -> Pair:
    """Answers that repeat the whole prompt lose it."""
    prompt = tuple(turns.messages)
    if chosen[: len(prompt)] == prompt and rejected[: len(prompt)] == prompt:
        chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
    return turns, chosen, rejected


def _without_prompt(chosen: tuple[Message, ...], rejected: tuple[Message, ...]) -> Pair:
    shared = 0
    for one, other in zip(chosen, rejected, strict=False):
        if one != other:
            break
        shared += 1
    shared = min(shared, len(chosen) - 1, len(rejected) - 1)
    if shared < 1:
        raise Unreadable("form", "The chosen and the rejected answer have no prompt, and share no beginning.")
    return Turns(list(chosen[:shared])), chosen[shared:], rejected[shared:]
