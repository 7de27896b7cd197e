"""Whether a model has become slower, or faster: each test's runs now against those before.

Knows nothing of how runs are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, sqrt
from statistics import median

from workbench.benchmark.history.comparing import FALSE_ALARMS, Comparison, compare
from workbench.benchmark.history.epochs import Change, epochs
from workbench.benchmark.history.record import BenchTest, RunRecord, SpeedRecord

_LATEST = 20
"""Runs that are looked back on at most: what was long ago is another matter."""
_ENOUGH = 3
"""Runs under the present circumstances that a further one is compared with, rather than with earlier ones."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one test's speed."""

    test: BenchTest
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts on the tests that were measured before and now, and what was updated in between.

    Of the `unclear` ones nothing can be said: something else took the machine's time, now or then.
    """

    verdicts: tuple[Verdict, ...]
    changes: tuple[Change, ...] = ()
    unclear: tuple[BenchTest, ...] = ()

    @property
    def changed(self) -> tuple[Verdict, ...]:
        """Those that are slower or faster."""
        return tuple(one for one in self.verdicts if one.comparison.outcome != "same")


@dataclass(frozen=True, slots=True)
class Sides:
    """The runs to compare, the oldest first, and what was updated in between."""

    before: tuple[RunRecord, ...]
    now: tuple[RunRecord, ...]
    changes: tuple[Change, ...] = ()

    def judged(self, false_alarms: float = FALSE_ALARMS) -> Judgement:
        """`false_alarms` is the chance that any of the tests is called slower where nothing changed."""
        measured = set(tests_of(self.before))
        pairs = {one: like_with_like(self.before, self.now, one) for one in tests_of(self.now)}
        judged = {one: pair for one, pair in pairs.items() if all(pair)}
        share = false_alarms / max(1, len(judged))
        return Judgement(
            tuple(_verdict(one, *pair, share) for one, pair in judged.items()),
            self.changes,
            unclear=tuple(one for one in pairs if one in measured and one not in judged),
        )


def sides(earlier: Sequence[RunRecord], now: Sequence[RunRecord]) -> Sides:
    """What the runs `now` are to be compared with, of all `earlier` ones of the model on this machine.

    That is those under the same circumstances, where there are enough of them. After an update there are not:
    then it is those before the update.
    """
    comparable = [run for run in earlier if run.setup == now[0].setup]
    spans = epochs([*comparable, now[0]])
    present = spans[-1].runs[:-1]
    if len(present) >= _ENOUGH or len(spans) == 1:
        return Sides(present[-_LATEST:], tuple(now))
    return Sides(spans[-2].runs[-_LATEST:], (*present, *now), spans[-1].changes)


def updates(runs: Sequence[RunRecord]) -> list[Judgement]:
    """What each update did to the speeds. The runs are comparable, the oldest first."""
    spans = epochs(runs)
    return [
        Sides(before.runs[-_LATEST:], now.runs[:_LATEST], now.changes).judged()
        for before, now in pairwise(spans)
    ]


def tests_of(runs: Sequence[RunRecord]) -> list[BenchTest]:
    """Every test that one of them has, in the order of the first that has it."""
    return list(dict.fromkeys(one.test for run in runs for one in run.tests))


def like_with_like(
    before: Sequence[RunRecord], now: Sequence[RunRecord], test: BenchTest
) -> tuple[list[SpeedRecord], list[SpeedRecord]]:
    """The test on both sides: in runs that nothing disturbed, else in those that something did.

    Both are empty where all of one side were disturbed and none of the other.
    """
    for disturbed in (False, True):
        found = [_measured(runs, test, disturbed) for runs in (before, now)]
        if all(found):
            return found[0], found[1]
    return [], []


def _measured(runs: Sequence[RunRecord], test: BenchTest, disturbed: bool) -> list[SpeedRecord]:
    every = (one for run in runs for one in run.tests if one.test == test)
    return [one for one in every if one.disturbed == disturbed]


def _verdict(
    test: BenchTest, before: Sequence[SpeedRecord], now: Sequence[SpeedRecord], false_alarms: float
) -> Verdict:
    """Runs differ by no less than their repetitions leave open, and what others took leaves more open."""
    old, new = ([one.tokens_per_second for one in side] for side in (before, now))
    errors = [one.error for one in (*before, *now)]
    least_noise = sqrt(sum(error**2 for error in errors) / len(errors))
    doubt = hypot(*(median(one.doubt for one in side) for side in (before, now)))
    return Verdict(test, compare(old, new, false_alarms, least_noise, doubt))
