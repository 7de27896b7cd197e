"""A conversation to learn from, and how much of each turn counts. Knows no format of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.conversation import Conversation

TrainOn = Literal["all", "last"]


@dataclass(frozen=True, slots=True)
class Example:
    """`weights` has a number for each message: how much its tokens count, 0 for those that are only read."""

    conversation: Conversation
    weights: tuple[float, ...]

    @property
    def trained(self) -> tuple[int, ...]:
        """Places of the messages that are trained."""
        return tuple(place for place, weight in enumerate(self.weights) if weight)


def example(
    conversation: Conversation, train_on: TrainOn = "all", weights: Sequence[float | None] = ()
) -> Example:
    """All turns of the assistant, or its last one; `weights` of single messages, where given, come first."""
    messages = conversation.messages
    turns = [place for place, message in enumerate(messages) if message.role == "assistant"]
    trained = turns if train_on == "all" else turns[-1:]
    given = dict(enumerate(weights))
    weighed = [
        1.0 if (weight := given.get(place)) is None else float(weight) if place in turns else 0.0
        for place in range(len(messages))
    ]
    return Example(
        conversation,
        tuple(weight if place in trained else 0.0 for place, weight in enumerate(weighed)),
    )
