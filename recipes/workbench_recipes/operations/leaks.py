"""`leaks`: rows of later files that the first file knows, exactly or nearly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.findings import Findings, Severity
from workbench.datasets.row import Origin, Rejection
from workbench.datasets.standing import KeyFiles, Standing
from workbench_recipes.operations.near_duplicates import BANDS, MOST_COMPARED, NearDuplicates


@dataclass
class Leaks(NearDuplicates):
    """Sets aside rows that resemble one of the first file; rows that resemble one of their own file stay.

    Its seed differs from that of near-duplicates, so that what one missed by chance the other may find.
    """

    severity: ClassVar[Severity] = "error"
    threshold: float = 0.7
    seed: int = 7

    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        has_text = keys.column("shingles.length") > 0
        for band in range(BANDS):
            alive = standing.kept & has_text
            for rows in keys.groups("bands", band):
                self._look(rows[alive[rows]], keys, standing, step)

    def _look(self, rows: NDArray[np.int64], keys: KeyFiles, standing: Standing, step: int) -> None:
        known = rows[standing.file[rows] == 0][:MOST_COMPARED].tolist()
        if known:
            for row in rows[standing.file[rows] != 0].tolist():
                twin = next((one for one in known if self.resembles(row, one, keys)), None)
                if twin is not None:
                    standing.reject(step, row, twin)

    def rejection(self, twin: Origin | None) -> Rejection:
        return Rejection("leak", f"It is known from {twin}.")
