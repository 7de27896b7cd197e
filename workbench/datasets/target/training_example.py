"""A conversation to learn from, and how much of each turn counts. Knows no format of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.conversation import Conversation
from workbench.datasets.row import Row

TrainOn = Literal["all", "last"]


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """`weights` has a number for each message: how much its tokens count, 0 for those that are only read."""

    conversation: Conversation
    weights: tuple[float, ...]


def training_example(
    conversation: Conversation, train_on: TrainOn = "all", weights: Sequence[float] = ()
) -> TrainingExample:
    """All turns of the assistant count, or its last one, each by its own weight where there are some."""
    turns = [place for place, one in enumerate(conversation.messages) if one.role == "assistant"]
    given = weights or (1.0,) * len(conversation.messages)
    trained = turns if train_on == "all" else turns[-1:]
    return TrainingExample(
        conversation, tuple(float(one) if place in trained else 0.0 for place, one in enumerate(given))
    )


def examples_of(row: Row, train_on: TrainOn = "all") -> tuple[TrainingExample, ...]:
    """The conversations of a row: a chat's, or the prompt with each of its answers; of a text none.

    Of answers that are compared or judged, what comes before them is not trained.
    """
    if row.messages:
        return (training_example(row.conversation, train_on, row.weights),)
    before = (0.0,) * len(row.prompt)
    answers = filter(None, (row.chosen, row.rejected, row.completion))
    return tuple(
        training_example(
            Conversation((*row.prompt, *answer), row.tools), train_on, (*before, *(1.0 for _ in answer))
        )
        for answer in answers
    )
