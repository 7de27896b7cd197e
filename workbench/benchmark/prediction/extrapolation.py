"""From what stand-ins took to what the whole model takes. Arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds for each token of one test, one value for each round."""

    seconds: tuple[float, ...]

    @property
    def usual(self) -> float:
        return median(self.seconds)

    def plus(self, seconds: float) -> Sample:
        return Sample(tuple(one + seconds for one in self.seconds))


@dataclass(frozen=True, slots=True)
class Step:
    """What the short model took with more layers, and how often these come in the rest of the whole."""

    longer: Sample
    times: float


def whole(short: Sample, steps: Sequence[Step]) -> Sample:
    """The short model and all other layers, round by round: what disturbed both in one round falls away."""

    def one(round: int) -> float:
        base = short.seconds[round]
        return base + sum((step.longer.seconds[round] - base) * step.times for step in steps)

    return Sample(tuple(map(one, range(len(short.seconds)))))


def deeper(shallow: Sample, deep: Sample, kept: tuple[float, float], more: float) -> float:
    """Seconds that reading `more` bytes of the cache takes, by a model that read `kept` bytes in either."""
    between = kept[1] - kept[0]
    return max(0.0, deep.usual - shallow.usual) / between * more if between > 0 else 0.0
