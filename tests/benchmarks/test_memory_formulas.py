"""The table of formulas beside this file is what comes out today, and this project's is the nearest."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from tests.benchmarks.memory_formulas import FORMULAS, TABLE, document, rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.system() != "Linux", reason="Dry runs are exact on Linux alone."),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))


def test_the_table_is_of_today() -> None:
    assert TABLE.read_text() == document(), "Run python -m tests.benchmarks.memory_formulas --write"


def test_no_formula_is_nearer_than_ours_where_it_matters() -> None:
    """At the longest context; ours is never off by a hundredth."""
    position = list(FORMULAS).index("Formula")
    for row in rows():
        ours = abs(row.errors[position] or 0)
        assert ours < 0.01, row
        if row.context == 131_072:
            assert all(error is None or abs(error) >= ours for error in row.errors), row
