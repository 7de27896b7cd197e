"""How many of so many rows, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """How many of so many rows, and between which shares the truth lies with 95 % certainty (Wilson).

    A tie may count as half a row; that scatters less than whole ones do, so the bounds hold for it too.
    """

    count: float
    rows: int

    @property
    def value(self) -> float:
        return self.count / self.rows

    @property
    def bounds(self) -> tuple[float, float]:
        z, n = 1.959964, self.rows
        middle = (self.value + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(self.value * (1 - self.value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


def share(values: Sequence[bool | None]) -> Share | None:
    """Of the rows that have a value."""
    known = [value for value in values if value is not None]
    return Share(sum(known), len(known)) if known else None
