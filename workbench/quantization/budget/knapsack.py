"""One option of each kind, so that their sizes fit together and their losses are least.

Sizes are rounded up to steps of a twenty-thousandth of the capacity, and what that leaves is offered again. A
bound from below, found without steps, tells how much better any choice at all could be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 20_000
_TRIES = 6
_HALVINGS = 200


@dataclass(frozen=True, slots=True)
class Option:
    """What one option takes in bytes and what it costs."""

    size: int
    loss: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The option taken of each kind, by number, and what they come to; no choice costs less than `bound`."""

    options: tuple[int, ...]
    size: int
    loss: float
    bound: float


def best_choice(kinds: Sequence[Sequence[Option]], capacity: int) -> Choice | None:
    """None where not even the smallest options fit."""
    best = [_smallest(options) for options in kinds]
    if _size(kinds, best) > capacity:
        return None
    unit, room = max(1, capacity // _STEPS), capacity
    for _ in range(_TRIES):
        chosen = _filled(kinds, room // unit, unit)
        size = _size(kinds, chosen) if chosen else capacity
        if chosen and size <= capacity and _loss(kinds, chosen) < _loss(kinds, best):
            best = chosen
        room += capacity - size + (0 if chosen else unit * len(kinds))
    loss = _loss(kinds, best)
    return Choice(tuple(best), _size(kinds, best), loss, min(loss, _bound(kinds, capacity)))


def _size(kinds: Sequence[Sequence[Option]], chosen: Sequence[int]) -> int:
    return sum(options[number].size for options, number in zip(kinds, chosen, strict=True))


def _loss(kinds: Sequence[Sequence[Option]], chosen: Sequence[int]) -> float:
    return sum(options[number].loss for options, number in zip(kinds, chosen, strict=True))


def _filled(kinds: Sequence[Sequence[Option]], steps: int, unit: int) -> list[int]:
    """Options by dynamic programming over the room left; empty where the rounded sizes do not fit."""
    losses = np.zeros(steps + 1)
    taken: list[NDArray[np.intp]] = []
    for options in kinds:
        costs = np.full((len(options), steps + 1), np.inf)
        for number, option in enumerate(options):
            weight = -(-option.size // unit)
            if weight <= steps:
                costs[number, weight:] = losses[: steps + 1 - weight] + option.loss
        taken.append(costs.argmin(axis=0))
        losses = costs.min(axis=0)
    if not np.isfinite(losses[steps]):
        return []
    chosen, room = [], steps
    for options, numbers in zip(reversed(kinds), reversed(taken), strict=True):
        chosen.append(int(numbers[room]))
        room -= -(-options[chosen[-1]].size // unit)
    return chosen[::-1]


def _smallest(options: Sequence[Option]) -> int:
    return min(range(len(options)), key=lambda number: (options[number].size, options[number].loss))


def _bound(kinds: Sequence[Sequence[Option]], capacity: int) -> float:
    """The Lagrangian dual: the least loss where each byte over the capacity costs, and each under it pays."""
    sizes = [np.array([option.size for option in options], np.float64) for options in kinds]
    losses = [np.array([option.loss for option in options]) for options in kinds]

    def at(price: float) -> tuple[float, float]:
        picks = [(loss + price * size).argmin() for loss, size in zip(losses, sizes, strict=True)]
        size = sum(each[pick] for each, pick in zip(sizes, picks, strict=True))
        loss = sum(each[pick] for each, pick in zip(losses, picks, strict=True))
        return float(size), float(loss + price * (size - capacity))

    low, high = 0.0, sum(float(loss.max()) for loss in losses) + 1e-12
    best = at(0.0)[1]
    for _ in range(_HALVINGS):
        price = (low + high) / 2
        size, value = at(price)
        best = max(best, value)
        low, high = (price, high) if size > capacity else (low, price)
    return best
