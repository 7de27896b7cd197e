"""What is too long is left out or cut where a user speaks, and packs hold each row whole and once."""

from __future__ import annotations

import random

import pytest

from workbench.conversation import Conversation, Message
from workbench.datasets.target.length_policy import Policy, fitted
from workbench.datasets.target.packing import packed, position_ids
from workbench.datasets.target.training_example import TrainingExample, training_example
from workbench.errors import InvalidRequest

SYSTEM = Message("system", "s" * 5)


def talk(*lengths: int, system: bool = True) -> TrainingExample:
    """Rounds of a question and an answer, each with so many letters together."""
    rounds = [
        one
        for length in lengths
        for one in (Message("user", "u" * (length // 2)), Message("assistant", "a" * (length - length // 2)))
    ]
    return training_example(Conversation((SYSTEM, *rounds) if system else tuple(rounds)))


def length(example: TrainingExample) -> int:
    return sum(len(message.content) for message in example.conversation.messages)


def lengths(example: TrainingExample, policy: Policy, limit: int) -> tuple[list[int], int]:
    result = fitted(example, length, limit, policy)
    return [length(one) for one in result.examples], result.left_out


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("drop", ([], 9)), ("fail", ([], 9)), ("split", ([25, 15], 0)), ("keep-tail", ([25], 2))],
)
def test_policies(policy: Policy, expected: tuple[list[int], int]) -> None:
    assert lengths(talk(10, 10, 4, 6), policy, 25) == expected
    assert lengths(talk(10, 10), policy, 25) == ([25], 0)


def test_a_round_that_fits_nowhere_is_left_out_alone() -> None:
    assert lengths(talk(10, 90, 10), "split", 25) == ([15, 15], 2)
    assert lengths(talk(10, 90), "keep-tail", 25) == ([], 4)
    assert lengths(talk(90, 10, system=False), "keep-tail", 25) == ([10], 2)


def test_every_answer_is_trained_once_and_systems_stay() -> None:
    result = fitted(talk(10, 10, 10, 10, 10), length, 30, "split")
    said = [
        message.content
        for example in result.examples
        for message, weight in zip(example.conversation.messages, example.weights, strict=True)
        if weight
    ]
    assert len(said) == 5
    assert all(example.conversation.messages[0] == SYSTEM for example in result.examples)


def test_packs_hold_each_row_once_and_few_places_stay_empty() -> None:
    draw = random.Random(3)
    sizes = [draw.randint(1, 2048) for _ in range(3000)]
    packs = packed(sizes, 2048)
    assert sorted(row for pack in packs for row in pack.rows) == list(range(3000))
    assert all(pack.tokens == sum(sizes[row] for row in pack.rows) <= 2048 for pack in packs)
    assert sum(sizes) / (2048 * len(packs)) > 0.98
    assert packs == packed(sizes, 2048)


def test_borders_are_where_rows_begin() -> None:
    assert position_ids([3, 1, 2]) == [0, 1, 2, 0, 0, 1]
    with pytest.raises(InvalidRequest, match="does not fit"):
        packed([5], 4)
