"""`mix`: how much of each input goes into the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.findings import Findings, Severity
from workbench.datasets.operation import SetOperation, Surroundings
from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.standing import KeyFiles, Keys, Standing
from workbench.errors import InvalidRequest
from workbench_recipes.operations.exact_duplicates import content_digest


@dataclass
class Mix(SetOperation):
    """Takes of each file its share, as much as the scarcest allows; no row is taken twice.

    `shares` are by the file's name, without its ending, and need not add up to 1. Without them a file's share
    is its rows to the power of 1 / `temperature`: 1 leaves them as they are, more makes them more equal.
    `most_rows` limits the whole, `most_of_one` what one file gives. Which rows are taken follows from what
    they say and the seed.
    """

    severity: ClassVar[Severity] = "note"
    shares: dict[str, float] = field(default_factory=dict)
    temperature: float = 1.0
    most_rows: int = 0
    most_of_one: int = 0

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest for shares that mean nothing."""
        self._seed = surroundings.seed
        if self.temperature < 1 or any(share <= 0 for share in self.shares.values()):
            raise InvalidRequest("The shares of mix are no shares.", "Give numbers above 0.")

    def keys(self, rows: Sequence[Row]) -> Keys:
        digests = b"".join([content_digest(row) for row in rows])
        low = np.frombuffer(digests, "<u8").reshape(len(rows), 2)[:, 0]
        return {"place": (low + np.uint64(self._seed)) * np.uint64(0x9E3779B97F4A7C15)}

    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        places, kept = keys.column("place"), standing.kept
        rows = [np.flatnonzero(kept & (standing.file == file)) for file in range(len(standing.files))]
        for own, taken in zip(rows, self._taken(standing.files, [len(own) for own in rows]), strict=True):
            for row in _last(own, places, taken):
                standing.reject(step, row)

    def rejection(self, twin: Origin | None) -> Rejection:
        return Rejection("not-drawn", "Its file gives no more rows to the mix.")

    def _taken(self, files: Sequence[str], rows: Sequence[int]) -> list[int]:
        """Of each file how many rows."""
        if self.shares:
            shares = [self.shares.get(_stem(file), 0.0) for file in files]
            if unknown := self.shares.keys() - {_stem(file) for file in files}:
                raise InvalidRequest(
                    f"No input is called {min(unknown)!r}.", "Name files without their ending."
                )
        else:
            shares = [count ** (1 / self.temperature) for count in rows]
        for file, count, share in zip(files, rows, shares, strict=True):
            if share and not count and self.shares:
                raise InvalidRequest(
                    f"No row of {file} is left to be mixed.", "`recipe check` says what set them aside."
                )
        total = min((count / share for count, share in zip(rows, shares, strict=True) if share), default=0.0)
        if self.most_rows:
            total = min(total, self.most_rows / sum(shares))
        most = self.most_of_one or max(rows, default=0)
        return [min(round(total * share), most, count) for share, count in zip(shares, rows, strict=True)]


def _stem(file: str) -> str:
    return Path(file).name.partition(".")[0]


def _last(rows: NDArray[np.int64], places: NDArray[np.uint64], taken: int) -> list[int]:
    """All of these rows but so many, those of the least places."""
    left: list[int] = rows[np.argsort(places[rows], kind="stable")][taken:].tolist()
    return left
