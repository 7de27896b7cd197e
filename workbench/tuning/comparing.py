"""Whether one thing is faster than another, judged from pairs of measurements that were taken in turns.

What slows the whole machine down for a while slows both of a pair, so the ratios say more than the speeds.
The judgement is a sign test: it asks how many pairs speak for the one, and assumes nothing of how noise is
spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import median

SMALLEST_GAIN = 0.02
"""A smaller share is not worth a setting of one's own."""
_HOPELESS = 0.05
LOSSES = {5: 0, 6: 0, 9: 1, 12: 2}
"""For so many pairs, how many may speak against. Two equal things pass in at most 3.2 % of the cases."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Speeds of a rival and of the one it challenges, pair by pair, in tokens per second."""

    rival: tuple[float, ...]
    holder: tuple[float, ...]

    @property
    def gain(self) -> float:
        """By which share the rival is faster; negative where it is slower. The median of the pairs."""
        return exp(median(self._logs)) - 1

    @property
    def noise(self) -> float:
        """How far a pair is from the median, as a share: half of them are nearer."""
        middle = median(self._logs)
        return exp(median(abs(one - middle) for one in self._logs)) - 1

    @property
    def is_faster(self) -> bool:
        """Beyond noise, and by enough to matter."""
        return self.gain >= SMALLEST_GAIN and _decided([-one for one in self._logs])

    @property
    def is_slower(self) -> bool:
        return self.gain <= -SMALLEST_GAIN and _decided(self._logs)

    @property
    def is_hopeless(self) -> bool:
        """Slower in every pair, and by more than further pairs would make good."""
        return self.gain < -max(_HOPELESS, 2 * self.noise) and all(one < 0 for one in self._logs)

    @property
    def reversed(self) -> Comparison:
        """The same pairs, seen from the other side."""
        return Comparison(self.holder, self.rival)

    @property
    def _logs(self) -> list[float]:
        return [log(rival / holder) for rival, holder in zip(self.rival, self.holder, strict=True)]


def _decided(against: Sequence[float]) -> bool:
    """Whether few enough of the pairs speak against it, by the largest number of pairs that is judged."""
    judged = max((count for count in LOSSES if count <= len(against)), default=0)
    return bool(judged) and sum(one >= 0 for one in against) <= LOSSES[judged]
