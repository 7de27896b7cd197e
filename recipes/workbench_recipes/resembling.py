"""Operations that set aside rows which resemble one before them; in what, each says for itself."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from workbench.datasets.findings import Findings
from workbench.datasets.operation import SetOperation
from workbench.datasets.standing import KeyFiles, Standing, Units


class Likenesses(Units):
    """Rows that were found to resemble each other.

    `twin` is the row before it that each was found by, or -1, also where only a later row connects it.
    """

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.twin = np.full(rows, -1, self.unit.dtype)

    def pair(self, row: int, twin: int) -> None:
        """Say that `row` resembles `twin`, which comes before it."""
        self.unite(twin, row)
        self.twin[row] = twin


class Resembling(SetOperation):
    """With `keep` true rows that resemble each other stay, but go into the same split."""

    keep: bool

    @abstractmethod
    def look(self, keys: KeyFiles, standing: Standing, found: Likenesses) -> None:
        """Pair rows that stay so far and resemble each other."""

    @abstractmethod
    def resembles(self, row: int, other: int, keys: KeyFiles) -> bool:
        """Whether both do."""

    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        found = Likenesses(len(standing))
        self.look(keys, standing, found)
        for row in np.flatnonzero(found.firsts() != np.arange(len(standing))).tolist():
            first, twin = found.first_of(row), int(found.twin[row])
            standing.unite(first, row)
            if self.keep:
                continue
            if first == twin or self.resembles(row, first, keys):
                standing.reject(step, row, first)
            elif twin >= 0 and not standing.rejected_by[twin]:
                standing.reject(step, row, twin)
