"""Rows say what kind they are, and groups of keys and units of rows are what they should be."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.conversation import Message
from workbench.datasets.row import Kind, Origin, Row
from workbench.datasets.standing import Standing, groups

ORIGIN = Origin("rows.jsonl", 1)
ASKED = (Message("user", "Where is Paris?"),)
ANSWERED = (Message("assistant", "In France."),)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (Row(origin=ORIGIN, messages=ASKED + ANSWERED), "chat"),
        (Row(origin=ORIGIN, prompt=ASKED, chosen=ANSWERED, rejected=ASKED), "preference"),
        (Row(origin=ORIGIN, prompt=ASKED, completion=ANSWERED, label=False), "kto"),
        (Row(origin=ORIGIN, text="Paris is in France."), "text"),
    ],
)
def test_a_row_is_of_the_kind_that_its_fields_say(row: Row, kind: Kind) -> None:
    assert row.kind == kind


def test_rows_of_one_value_are_a_group_in_their_order() -> None:
    values = np.array([7, 3, 7, 9, 3, 7], dtype=np.uint64)
    found = groups(lambda: [values[:2], values[2:]], len(values))
    assert sorted(group.tolist() for group in found) == [[0, 2, 5], [1, 4]]


def test_united_rows_are_of_the_unit_of_the_first() -> None:
    standing = Standing(["rows.jsonl"], np.zeros(5, np.uint32), np.arange(5, dtype=np.int64))
    standing.unite(3, 4)
    standing.unite(1, 3)
    assert [standing.first_of(row) for row in range(5)] == [0, 1, 2, 1, 1]
