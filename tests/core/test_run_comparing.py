"""The statistics of comparing runs, by noise of known kinds: how often it is wrong, and what it finds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from workbench.benchmark.history import comparing
from workbench.benchmark.history.comparing import FALSE_ALARMS, WORTH_TELLING, compare

TRIALS = 1500
SLOWDOWN = 1 / 1.15
Noise = Callable[[random.Random], float]


def even(sigma: float) -> Noise:
    return lambda rolled: 100 * math.exp(rolled.gauss(0, sigma))


def disturbed(sigma: float) -> Noise:
    """One run in seven also loses time to something else, four times as much as the others differ."""

    def speed(rolled: random.Random) -> float:
        lost = abs(rolled.gauss(0, 4 * sigma)) if rolled.random() < 1 / 7 else 0.0
        return 100 * math.exp(rolled.gauss(0, sigma) - lost)

    return speed


def share_called(outcome: str, noise: Noise, before: int, now: int, factor: float = 1.0) -> float:
    rolled = random.Random(f"{outcome} {before} {now} {factor}")
    found = (
        compare([noise(rolled) for _ in range(before)], [factor * noise(rolled) for _ in range(now)])
        for _ in range(TRIALS)
    )
    return sum(one.outcome == outcome for one in found) / TRIALS


@pytest.mark.parametrize("outcome", ["slower", "faster"])
@pytest.mark.parametrize("noise", [even(0.01), even(0.03), even(0.05), disturbed(0.02), disturbed(0.05)])
@pytest.mark.parametrize(("before", "now"), [(3, 4), (6, 4), (20, 4)])
def test_the_same_thing_is_hardly_ever_called_another(
    noise: Noise, before: int, now: int, outcome: str
) -> None:
    deviation = math.sqrt(FALSE_ALARMS / TRIALS)
    assert share_called(outcome, noise, before, now) <= FALSE_ALARMS + 4 * deviation


@pytest.mark.parametrize("outcome", ["slower"])
@pytest.mark.parametrize(
    ("noise", "before", "now", "least"),
    [
        (even(0.01), 2, 4, 0.99),
        (even(0.02), 3, 4, 0.98),
        (even(0.03), 5, 4, 0.95),
        (disturbed(0.02), 5, 4, 0.9),
        (even(0.05), 10, 4, 0.8),
    ],
)
def test_a_slowdown_of_fifteen_percent_is_found(
    noise: Noise, before: int, now: int, least: float, outcome: str
) -> None:
    assert share_called(outcome, noise, before, now, SLOWDOWN) >= least


def test_a_change_is_told_as_a_share_of_what_was() -> None:
    found = compare([100, 101, 99, 100], [80, 80, 81])
    assert (found.outcome, found.runs_before, found.runs_now) == ("slower", 4, 3)
    assert found.before == pytest.approx(100) and found.now == pytest.approx(80)
    assert found.change == pytest.approx(-0.2)
    assert 0 < found.margin < 0.2
    assert compare([80, 80, 81], [100, 101, 99, 100]).outcome == "faster"


def test_changes_that_nobody_minds_are_none() -> None:
    almost = 100 * (1 - WORTH_TELLING * 0.9)
    assert compare([100.0] * 20, [almost] * 20).outcome == "same"


def test_one_run_that_was_disturbed_hides_nothing() -> None:
    before = [100.0, 101, 99, 100, 102, 98]
    assert compare([*before, 50.0], [86, 87, 85]).outcome == "slower"


@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [(0.95, 3, 2.353), (0.99, 3, 4.541), (0.99, 6, 3.143), (0.995, 10, 3.169), (0.999, 8, 4.501)],
)
def test_students_quantiles_are_those_of_the_tables(share: float, freedom: int, value: float) -> None:
    assert comparing._t_quantile(share, freedom) == pytest.approx(value, rel=0.04)
