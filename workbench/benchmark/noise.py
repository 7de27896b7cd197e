"""Which repetitions stand apart, and whether speed went one way: what tells noise from what was measured.

Plain statistics that few repetitions suffice for. Knows nothing of models or of machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from statistics import NormalDist, median

WORTH_TELLING = 0.03
"""Share of the median below which neither an outlier nor a trend matters."""

_FARTHEST = 3.5
_SIGMA_PER_DEVIATION = 1.4826
"""How many sigma of a normal distribution its median absolute deviation is: Iglewicz and Hoaglin, 1993."""
_FALSE_ALARMS = 0.05
_FEWEST = 4


def outliers(samples: Sequence[float]) -> tuple[int, ...]:
    """The places of samples far from the median, in units of the median absolute deviation."""
    if len(samples) < _FEWEST:
        return ()
    middle = median(samples)
    deviation = _SIGMA_PER_DEVIATION * median(abs(sample - middle) for sample in samples)
    most = max(_FARTHEST * deviation, WORTH_TELLING * abs(middle))
    return tuple(place for place, sample in enumerate(samples) if abs(sample - middle) > most)


def trend(samples: Sequence[float]) -> float:
    """How much of the median was gained (or, below 0, lost) from the first sample to the last; 0 for none.

    The slope is Theil's and Sen's; that there is one, Mann's and Kendall's test says, wrongly once in 20
    times at most.
    """
    count = len(samples)
    if count < _FEWEST or not median(samples):
        return 0.0
    pairs = [(later - sooner, y - x) for (sooner, x), (later, y) in combinations(enumerate(samples), 2)]
    score = sum((rise > 0) - (rise < 0) for _, rise in pairs)
    deviation = sqrt(count * (count - 1) * (2 * count + 5) / 18)
    if (abs(score) - 1) / deviation < NormalDist().inv_cdf(1 - _FALSE_ALARMS / 2):
        return 0.0
    share = median(rise / run for run, rise in pairs) * (count - 1) / median(samples)
    return share if abs(share) >= WORTH_TELLING else 0.0


def quantile(samples: Sequence[float], share: float) -> float:
    """The value below which that share of the samples lies, between two of them where need be."""
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
