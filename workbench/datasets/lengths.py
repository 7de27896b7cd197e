"""How long rows are, in characters and in turns. Tokens are counted by operations that have a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from workbench.datasets.standing import KeyFiles

_SHARES = {"least": 0, "p10": 10, "median": 50, "p90": 90, "p99": 99, "most": 100}


class Lengths(Struct, frozen=True):
    """Percentiles by name, of the rows that stay; empty where none does.

    `histogram` holds powers of two, and how many rows have fewer characters, but not fewer than half as many.
    """

    characters: dict[str, int]
    turns: dict[str, int]
    total_characters: int
    histogram: tuple[tuple[int, int], ...]


def lengths_of(keys: KeyFiles, kept: NDArray[np.bool_]) -> Lengths:
    letters, turns = (keys.column(name)[kept] for name in ("letters", "turns"))
    below = np.ceil(np.log2(letters.astype(np.float64) + 1)).astype(np.int64)
    powers, rows = np.unique(below, return_counts=True)
    return Lengths(
        _percentiles(letters),
        _percentiles(turns),
        int(letters.sum(dtype=np.int64)),
        tuple((1 << int(power), int(count)) for power, count in zip(powers, rows, strict=True)),
    )


def _percentiles(values: NDArray[Any]) -> dict[str, int]:
    if not len(values):
        return {}
    return {name: int(np.percentile(values, share, method="lower")) for name, share in _SHARES.items()}
