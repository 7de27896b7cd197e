"""How long rows are, in characters, in turns, and in tokens where an operation has counted those."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from workbench.datasets.standing import KeyFiles

Histogram = tuple[tuple[int, int], ...]
_SHARES = {"least": 0, "p10": 10, "median": 50, "p90": 90, "p99": 99, "most": 100}


class Lengths(Struct, frozen=True):
    """Percentiles by name, of the rows that stay; empty where none does.

    A histogram holds powers of two, and how many rows have fewer, but not fewer than half as many:
    `histogram` of characters.
    """

    characters: dict[str, int]
    turns: dict[str, int]
    tokens: dict[str, int]
    total_characters: int
    histogram: Histogram
    histogram_of_turns: Histogram
    histogram_of_tokens: Histogram


def lengths_of(keys: KeyFiles, kept: NDArray[np.bool_]) -> Lengths:
    letters, turns, tokens = (np.sort(keys.column(name)[kept]) for name in ("letters", "turns", "tokens"))
    counted = tokens[np.searchsorted(tokens, 1) :]
    return Lengths(
        characters=_percentiles(letters),
        turns=_percentiles(turns),
        tokens=_percentiles(counted),
        total_characters=int(letters.sum(dtype=np.int64)),
        histogram=histogram(letters),
        histogram_of_turns=histogram(turns),
        histogram_of_tokens=histogram(counted),
    )


def histogram(values: NDArray[Any]) -> Histogram:
    """Of ascending whole numbers: powers of two, each with how many are below it and not below its half."""
    most = int(values[-1]).bit_length() if len(values) else -1
    edges = [1 << power for power in range(most + 1)]
    counts = np.diff(np.searchsorted(values, edges), prepend=0).tolist()
    return tuple((edge, count) for edge, count in zip(edges, counts, strict=True) if count)


def _percentiles(ascending: NDArray[Any]) -> dict[str, int]:
    if not len(ascending):
        return {}
    last = len(ascending) - 1
    return {name: int(ascending[last * share // 100]) for name, share in _SHARES.items()}
