"""Of planted faults every check finds at least its share, and what only looks like one stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.datasets.planted_checks import Measured, measured

RECALL = {
    "exact duplicates": 1.0,
    "near duplicates, 2% edited": 0.98,
    "near duplicates, 5% edited": 0.7,
    "near duplicates, 2% edited, most rows": 0.98,
    "broken rows": 1.0,
    "personal data": 0.99,
    "secrets": 0.99,
    "contamination": 1.0,
    "leaks after a random split": 0.98,
    "leaks after a random split without exact copies": 0.98,
}
PRECISION = dict.fromkeys(RECALL, 1.0) | {"personal data": 0.99}
"""An account whose checksum is wrong may still hold the digits of a sound card."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Measured]]:
    yield {one.check: one for one in measured(1000, tmp_path_factory.mktemp("planted"))}


@pytest.mark.parametrize("check", RECALL)
def test_what_is_planted_is_found_and_little_else(found: Mapping[str, Measured], check: str) -> None:
    one = found[check]
    assert one.recall is not None and one.precision is not None
    assert one.recall >= RECALL[check] and one.precision >= PRECISION[check], one
    assert one.planted > 5


def test_nothing_leaks_after_our_split(found: Mapping[str, Measured]) -> None:
    ours = found["leaks after our split"]
    assert ours.false_alarms == 0 and ours.rows > 10
    assert found.keys() == {*RECALL, ours.check}
