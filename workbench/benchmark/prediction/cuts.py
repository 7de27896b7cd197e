"""Which layers to measure: a short model and a longer one, so that what lies between stands for what follows.

A pure function of what each layer reads. Knows nothing of time or files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot

from workbench.benchmark.prediction.traffic import Traffic

_NOISE, _KINDS_DIFFER = 0.02, 0.3
"""How far off a measurement is, and how far a layer's cost from what its bytes say: for weighing one
against the other."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The model up to `short` layers, and up to `long`."""

    short: int
    long: int


def best_cut(traffic: Traffic, most: int, *, short: int | None = None, least: int = 1) -> Cut:
    """The cut of at most so many layers by which the whole is told best; `short` if that is given.

    Where kinds of layers take turns, the layers in between have them in the proportion of those that follow.
    """
    starts = [short] if short is not None else range(least, max(most, least + 1))
    cuts = (Cut(one, two) for one in starts for two in range(one + 1, max(most, one + 1) + 1))
    possible = [cut for cut in cuts if cut.long <= traffic.layers]
    return min(possible, key=lambda cut: (_error(traffic, cut), cut.long))


def _error(traffic: Traffic, cut: Cut) -> float:
    """The share of the whole's time by which this cut may miss it."""
    between = traffic.weights(range(cut.short, cut.long))
    after = traffic.weights(range(cut.long, traffic.layers))
    ends = [traffic.outside + traffic.weights(range(end)) for end in (cut.short, cut.long, traffic.layers)]
    times = after / max(between, 1)
    noise = _NOISE * hypot((1 + times) * ends[1], times * ends[0])
    unlike = _unlike(traffic.kinds[cut.short : cut.long], traffic.kinds[cut.long :])
    return (noise + _KINDS_DIFFER * unlike * after) / max(ends[2], 1)


def _unlike(some: Sequence[int], others: Sequence[int]) -> float:
    """From 0, where both have the same kinds in the same proportion, to 1."""
    if not others:
        return 0.0
    one, other = _shares(some), _shares(others)
    return sum(abs(one.get(kind, 0) - other.get(kind, 0)) for kind in one.keys() | other.keys()) / 2


def _shares(kinds: Iterable[int]) -> dict[int, float]:
    counts = Counter(kinds)
    return {kind: count / counts.total() for kind, count in counts.items()}
