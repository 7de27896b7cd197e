"""Runs of one setup as charts over time. Knows nothing of how charts are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from workbench import wording
from workbench.benchmark.history.judging import tests_of
from workbench.benchmark.history.record import BenchTest, RunRecord
from workbench.picture import Axis, Chart, Point, Series

_KINDS = {"pp": "tokens/s read", "tg": "tokens/s written"}


def history_charts(group: Sequence[RunRecord], tests: Sequence[BenchTest] = ()) -> Iterator[Chart]:
    """Reading and writing apart, for their speeds differ by far; nothing for a single run.

    Without `tests`, those of the last run.
    """
    if len(group) < 2:
        return
    tests = tests or tests_of(group[-1:])
    dates = Axis("time", lambda seconds: f"{datetime.fromtimestamp(seconds, UTC).astimezone():%m-%d %H:%M}")
    for kind, title in _KINDS.items():
        lines = tuple(_line(group, test) for test in tests if test.name.startswith(kind))
        if lines:
            yield Chart(dates, Axis(title, wording.speed), lines)


def _line(group: Sequence[RunRecord], test: BenchTest) -> Series:
    points = (
        Point(run.taken.timestamp(), one.tokens_per_second)
        for run in group
        for one in run.tests
        if one.test == test
    )
    return Series(test.title, tuple(points), joined=True)
