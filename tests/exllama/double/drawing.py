"""What the samplers of both engines do to a row of logits, in numpy."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
"""Logits, shape (vocabulary,); those that are out are -inf."""


def probabilities(row: Row) -> Row:
    weights = np.exp(row - row.max())
    return weights / weights.sum()


def keep(row: Row, kept: NDArray[np.bool_]) -> Row:
    return np.where(kept, row, -np.inf)


def top_k(row: Row, count: int) -> Row:
    return keep(row, row >= np.sort(row)[-count]) if 0 < count < len(row) else row


def top_p(row: Row, share: float) -> Row:
    """The smallest set of the likeliest tokens with so much probability."""
    order = np.argsort(-row, kind="stable")
    sums = probabilities(row)[order].cumsum()
    kept = np.zeros(len(row), np.bool_)
    kept[order[: int((sums < share).sum()) + 1]] = True
    return keep(row, kept)


def min_p(row: Row, share: float) -> Row:
    chances = probabilities(row)
    return keep(row, chances >= chances.max() * share)


def typical(row: Row, share: float) -> Row:
    chances = probabilities(row)
    surprise = -np.log(np.maximum(chances, 1e-30))
    order = np.argsort(abs(surprise - (chances * surprise).sum()), kind="stable")
    kept = np.zeros(len(row), np.bool_)
    kept[order[: int((chances[order].cumsum() < share).sum()) + 1]] = True
    return keep(row, kept)


def xtc(row: Row, threshold: float) -> Row:
    likely = np.flatnonzero(probabilities(row) >= threshold)
    if len(likely) < 2:
        return row
    out = row.copy()
    out[np.setdiff1d(likely, likely[row[likely].argmin()])] = -np.inf
    return out


def repeated(row: Row, past: list[int], factor: float) -> None:
    for token in set(past):
        row[token] = row[token] / factor if row[token] > 0 else row[token] * factor


def present(row: Row, past: list[int], presence: float, frequency: float) -> None:
    for token in set(past):
        row[token] -= presence + frequency * past.count(token)


def dry(row: Row, past: list[int], multiplier: float, base: float, allowed: int, breakers: set[int]) -> None:
    """Against tokens that would go on with what was said before."""
    longest: dict[int, int] = {}
    for end in range(1, len(past)):
        length = 0
        while length < end and past[end - 1 - length] == past[-1 - length] not in breakers:
            length += 1
        longest[past[end]] = max(longest.get(past[end], 0), length)
    for token, length in longest.items():
        if length >= allowed and token not in breakers:
            row[token] -= multiplier * base ** min(length - allowed, 100)


def draw(row: Row, seed: float) -> int:
    return random.Random(seed).choices(range(len(row)), probabilities(row).tolist())[0]
