"""Which languages the rows that stay are in, as far as an operation told it."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.standing import KeyFiles


def languages_of(keys: KeyFiles, kept: NDArray[np.bool_]) -> dict[str, int]:
    """Rows by language, most first; empty where no row's was told."""
    found, start = Counter[str](), 0
    for languages in keys.pieces("language"):
        stay = languages[kept[start : start + len(languages)]]
        for name, rows in zip(*np.unique(stay, return_counts=True), strict=True):
            found[name.decode()] += int(rows)
        start += len(languages)
    del found[""]
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
