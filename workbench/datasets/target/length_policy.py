"""Rows that are longer than the context: left out, cut where a user speaks, or an error. Never within a turn.

Knows neither files nor trainers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.conversation import Conversation
from workbench.datasets.target.training_example import TrainingExample

Policy = Literal["drop", "split", "keep-tail", "fail"]
Length = Callable[[TrainingExample], int]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What became of a row: the examples in its place, none where nothing of it fits.

    Attributes:
        left_out: Messages of the row that are in none of them.
    """

    examples: tuple[TrainingExample, ...]
    left_out: int = 0


def fitted(example: TrainingExample, length: Length, limit: int, policy: Policy) -> Fitted:
    """`length` counts the tokens of an example, of which `limit` fit. "fail" is the caller's to raise."""
    if length(example) <= limit:
        return Fitted((example,))
    if policy in ("drop", "fail"):
        return Fitted((), len(example.weights))
    head, rounds = _rounds(example)
    chosen = (
        _split(example, head, rounds, length, limit)
        if policy == "split"
        else _tail(example, head, rounds, length, limit)
    )
    examples = tuple(one for one in chosen if any(one.weights))
    kept = sum(len(one.weights) - len(head) for one in examples)
    return Fitted(examples, len(example.weights) - len(head) - kept)


def _split(
    example: TrainingExample, head: range, rounds: Sequence[range], length: Length, limit: int
) -> list[TrainingExample]:
    """One after the other, each with as many rounds as fit; a round that fits in none is left out."""
    parts, begun = list[TrainingExample](), list[range]()
    for one in rounds:
        longer = _part(example, [head, *begun, one])
        if length(longer) <= limit:
            begun.append(one)
            continue
        if begun:
            parts.append(_part(example, [head, *begun]))
        begun = [one] if length(_part(example, [head, one])) <= limit else []
    return [*parts, _part(example, [head, *begun])] if begun else parts


def _tail(
    example: TrainingExample, head: range, rounds: Sequence[range], length: Length, limit: int
) -> list[TrainingExample]:
    """The last rounds that fit together."""
    kept = None
    for first in reversed(range(len(rounds))):
        longer = _part(example, [head, *rounds[first:]])
        if length(longer) > limit:
            break
        kept = longer
    return [kept] if kept else []


def _rounds(example: TrainingExample) -> tuple[range, list[range]]:
    """The places of what comes before the first user, and of each user's message with all that follows."""
    roles = [message.role for message in example.conversation.messages]
    starts = [place for place, role in enumerate(roles) if role == "user"]
    if not starts or "assistant" in roles[: starts[0]]:
        starts = [next((place for place, role in enumerate(roles) if role != "system"), 0), *starts]
    ends = [*starts[1:], len(roles)]
    return range(starts[0]), [range(start, end) for start, end in zip(starts, ends, strict=True)]


def _part(example: TrainingExample, places: Sequence[range]) -> TrainingExample:
    chosen = [place for one in places for place in one]
    messages = tuple(example.conversation.messages[place] for place in chosen)
    return TrainingExample(
        Conversation(messages, example.conversation.tools), tuple(example.weights[place] for place in chosen)
    )
