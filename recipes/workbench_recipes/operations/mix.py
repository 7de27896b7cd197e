"""`mix`: how much of each input goes into the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.findings import Findings, Severity
from workbench.datasets.operation import SetOperation, Surroundings
from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.standing import KeyFiles, Keys, Standing
from workbench.datasets.target.operation import Borrower
from workbench.errors import InvalidRequest
from workbench_recipes.operations.exact_duplicates import content_digest


@dataclass
class Mix(Borrower, SetOperation):
    """Takes of each file its share, as much as the scarcest allows; no row is taken twice.

    `shares` are by the file's name, without its ending, and need not add up to 1. Without them a file's share
    is what it has to the power of 1 / `temperature`: 1 leaves them as they are, more makes them more equal.
    They are shares of the tokens that the model reads, where one is named, else of the rows; `by` is rows or
    tokens to have it so. `most_rows` or `most_tokens` limits the whole, and `most_of_one` what one file gives
    of either. Which rows are taken follows from what they say and the seed.
    """

    severity: ClassVar[Severity] = "note"
    shares: dict[str, float] = field(default_factory=dict)
    by: Literal["", "rows", "tokens"] = ""
    temperature: float = 1.0
    most_rows: int = 0
    most_tokens: int = 0
    most_of_one: int = 0

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest for shares that mean nothing, and for tokens of no model."""
        self._seed = surroundings.seed
        if self.temperature < 1 or any(share <= 0 for share in self.shares.values()):
            raise InvalidRequest("The shares of mix are no shares.", "Give numbers above 0.")
        counts_tokens = self.by == "tokens" or (not self.by and surroundings.model is not None)
        if self.most_rows if counts_tokens else self.most_tokens:
            unit, other = ("tokens", "rows") if counts_tokens else ("rows", "tokens")
            raise InvalidRequest(
                f"The mix is limited in {other} and shared out in {unit}.", f"Set mix.most_{unit}, or mix.by."
            )
        if counts_tokens:
            if surroundings.model is None:
                raise InvalidRequest("A mix by tokens needs the model that reads them.", "Give --model.")
            self.borrow(surroundings.model)

    def keys(self, rows: Sequence[Row]) -> Keys:
        digests = b"".join([content_digest(row) for row in rows])
        low = np.frombuffer(digests, "<u8").reshape(len(rows), 2)[:, 0]
        sizes = self.lent.token_counts(rows) if self._borrowed else [1] * len(rows)
        return {
            "place": (low + np.uint64(self._seed)) * np.uint64(0x9E3779B97F4A7C15),
            "size": np.array(sizes, np.uint32),
        }

    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        places, sizes, kept = keys.column("place"), keys.column("size").astype(np.int64), standing.kept
        rows = [np.flatnonzero(kept & (standing.file == file)) for file in range(len(standing.files))]
        budgets = self._budgets(standing.files, [int(sizes[own].sum()) for own in rows])
        for own, budget in zip(rows, budgets, strict=True):
            ordered = own[np.argsort(places[own], kind="stable")]
            for row in ordered[_fitting(sizes[ordered], budget) :].tolist():
                standing.reject(step, row)

    def rejection(self, twin: Origin | None) -> Rejection:
        return Rejection("not-drawn", "Its file gives no more rows to the mix.")

    def _budgets(self, files: Sequence[str], sizes: Sequence[int]) -> list[float]:
        """How much of each file is taken."""
        shares = self._shares(files, sizes)
        for file, size, share in zip(files, sizes, shares, strict=True):
            if share and not size and self.shares:
                raise InvalidRequest(
                    f"No row of {file} is left to be mixed.", "`recipe check` says what set them aside."
                )
        total = min((size / share for size, share in zip(sizes, shares, strict=True) if share), default=0.0)
        if most := self.most_rows or self.most_tokens:
            total = min(total, most / sum(shares))
        most_of_one = self.most_of_one or max(sizes, default=0)
        return [min(total * share, most_of_one, size) for share, size in zip(shares, sizes, strict=True)]

    def _shares(self, files: Sequence[str], sizes: Sequence[int]) -> list[float]:
        if not self.shares:
            return [size ** (1 / self.temperature) for size in sizes]
        if unknown := self.shares.keys() - {_stem(file) for file in files}:
            raise InvalidRequest(f"No input is called {min(unknown)!r}.", "Name files without their ending.")
        return [self.shares.get(_stem(file), 0.0) for file in files]


def _stem(file: str) -> str:
    return Path(file).name.partition(".")[0]


def _fitting(sizes: NDArray[np.int64], budget: float) -> int:
    """How many of the first come closest to the budget together."""
    totals = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    return int(np.argmin(np.abs(totals - budget)))
