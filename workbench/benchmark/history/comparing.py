"""Whether two sets of runs differ by more than the noise between runs, and by how much.

Repetitions within a run agree far better with each other than runs do, so each run counts once, by its
median. Speeds are compared as logarithms, on which noise is about the same for slow and for fast models.
Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log, pi, sqrt
from statistics import NormalDist, median
from typing import Literal

FALSE_ALARMS = 0.01
"""How often the same thing measured twice is called slower, or faster, at most."""

WORTH_TELLING = 0.03
"""A share of speed; smaller changes are nobody's business."""

_EXPECTED_NOISE, _EXPECTED_RUNS = 0.03, 3
"""What is believed of the noise before there are runs, and how many runs that belief is worth."""
_SIGMA_PER_DEVIATION = 1.4826
_FARTHEST = 3.0
"""In sigma; a run that was disturbed counts as no farther away, so that it does not hide what comes later."""
_ENOUGH_TO_JUDGE = 5

Outcome = Literal["slower", "faster", "same"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Speeds in tokens per second, the middle ones of so many runs each; shares of the speed before.

    Attributes:
        change: How much was gained, below 0 lost.
        margin: What could be noise, with a chance of false alarms as asked for.
    """

    before: float
    now: float
    runs_before: int
    runs_now: int
    change: float
    margin: float

    @property
    def outcome(self) -> Outcome:
        least = max(self.margin, WORTH_TELLING)
        if abs(self.change) < least:
            return "same"
        return "slower" if self.change < 0 else "faster"


def compare(
    before: Sequence[float],
    now: Sequence[float],
    false_alarms: float = FALSE_ALARMS,
    least_noise: float = 0.0,
    doubt: float = 0.0,
) -> Comparison:
    """A t-test of medians, with a noise that both sides share and outlying runs drawn in. Needs one run each.

    `false_alarms` is the chance of either outcome where nothing changed; `least_noise` the share of speed by
    which runs are known to differ at least, and `doubt` how far the two sides may be apart for other reasons,
    however many runs there are.
    """
    old, new = [log(speed) for speed in before], [log(speed) for speed in now]
    step = median(new) - median(old)
    freedom = _EXPECTED_RUNS + len(old) + len(new) - 2
    noise = sqrt((_EXPECTED_RUNS * _EXPECTED_NOISE**2 + _scatter(old) + _scatter(new)) / freedom)
    sampling = max(noise, least_noise) * sqrt(_variance_of_median(len(old)) + _variance_of_median(len(new)))
    error = hypot(sampling, doubt)
    # A loss is told as a share of what was, so the margin is that of a loss too.
    margin = 1 - exp(-_t_quantile(1 - false_alarms, freedom) * error)
    return Comparison(
        before=exp(median(old)),
        now=exp(median(new)),
        runs_before=len(old),
        runs_now=len(new),
        change=exp(step) - 1,
        margin=margin,
    )


def _scatter(values: Sequence[float]) -> float:
    """The sum of squares around the mean, with what stands apart drawn in."""
    if len(values) >= _ENOUGH_TO_JUDGE:
        middle = median(values)
        most = _FARTHEST * _SIGMA_PER_DEVIATION * median(abs(value - middle) for value in values)
        values = [min(max(value, middle - most), middle + most) for value in values]
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values)


def _variance_of_median(count: int) -> float:
    """In units of one value's variance; of one or two values the median is their mean."""
    return 1 / count if count < 3 else pi / (2 * count)


def _t_quantile(share: float, freedom: int) -> float:
    """Of Student's distribution, by the expansion of Cornish and Fisher: within 4 % for 3 degrees or more."""
    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))
