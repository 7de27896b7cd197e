"""Where values lie along an axis, and which of them are named beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.picture.chart import Axis, Chart

_MOST_STEPS = 5
_LEAST_GAP = 0.14
"""Of the axis, between two names beside it, so that they do not run into each other."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, with the values at which there is a tick."""

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[float, ...] = ()

    def place(self, value: float) -> float:
        """From 0 at `low` to 1 at `high`; the middle where both are the same."""
        low, high, at = (math.log10(one) if self.logarithmic else one for one in (self.low, self.high, value))
        return (at - low) / (high - low) if high > low else 0.5


def across(chart: Chart) -> Scale:
    """From the least x to the greatest, with ticks where points are."""
    values = sorted({point.x for point in chart.points})
    bare = Scale(values[0], values[-1], chart.x.logarithmic)
    return Scale(bare.low, bare.high, bare.logarithmic, tuple(_apart(bare, values)))


def up(chart: Chart) -> Scale:
    """Over all y and their spread, with ticks at round values."""
    values = [point.y for point in chart.points]
    if chart.y.logarithmic:
        return _decades(values)
    values += [point.y + side * point.spread for point in chart.points for side in (-1, 1)]
    return _steps(chart.y, values)


def _apart(scale: Scale, values: list[float]) -> Iterable[float]:
    """Those that are far enough from the last before them and from the end, which is always named."""
    end, before = scale.place(values[-1]), -1.0
    for value in values[:-1]:
        place = scale.place(value)
        if place - before >= _LEAST_GAP and end - place >= _LEAST_GAP:
            yield value
            before = place
    yield values[-1]


def _decades(values: list[float]) -> Scale:
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)
    ticks = tuple(10.0**decade for decade in range(low, high + 1))
    return Scale(ticks[0], ticks[-1], True, ticks)


def _steps(axis: Axis, values: list[float]) -> Scale:
    low, high = min(values), max(values)
    if axis.from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    step = _round_step((high - low) / _MOST_STEPS or abs(high) / _MOST_STEPS or 1.0)
    ticks = tuple(number * step for number in range(math.floor(low / step), math.ceil(high / step) + 1))
    return Scale(ticks[0], ticks[-1], False, ticks)


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10, 20 and so on."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
