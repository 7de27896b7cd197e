"""`near-duplicates`: rows that say almost the same as one before them, found by MinHash and then compared.

Of each row 126 minima of its shingles are taken and put together in 21 bands of 6. Rows that share a band
are compared by the shingles themselves, so that what is told of two rows is exact. Of rows with a Jaccard
index of 0.85, one pair in 25,000 shares no band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.standing import KeyFiles, Keys, Standing
from workbench_recipes.resembling import Likenesses, Resembling
from workbench_recipes.shingles import shingles_of

PERMUTATIONS, BANDS = 126, 21
MOST_COMPARED = 16
"""How many rows of one band a row is compared with, so that a band of many rows stays cheap."""


@dataclass
class NearDuplicates(Resembling):
    """Sets aside rows that resemble one before them: `threshold` is the least Jaccard index of both.

    It is taken of their shingles, which are `words` words in a row. With `keep` true such rows stay, but go
    into the same split.

    System prompts are not compared: many rows share them. Letters of scripts without spaces are words.
    """

    threshold: float = 0.7
    words: int = 3
    keep: bool = False
    seed: int = 42

    def keys(self, rows: Sequence[Row]) -> Keys:
        import rensa

        hashes, lengths = shingles_of([compared_text(row) for row in rows], self.words)
        offsets = np.cumsum(np.append(0, lengths), dtype=np.uint64)
        digests = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            hashes, offsets, num_perm=PERMUTATIONS, seed=self.seed
        )
        minima = np.array(digests.to_rows(), np.uint64).reshape(len(rows), PERMUTATIONS)
        return {
            "bands": _bands(minima),
            "shingles": hashes.astype(np.uint32),
            "shingles.length": lengths.astype(np.uint32),
        }

    def look(self, keys: KeyFiles, standing: Standing, found: Likenesses) -> None:
        alive = standing.kept & (keys.column("shingles.length") > 0)
        for band in range(BANDS):
            for rows in keys.groups("bands", band):
                self._compare(rows[alive[rows]].tolist(), keys, found)

    def rejection(self, twin: Origin | None) -> Rejection:
        return Rejection("near-duplicate", f"It says almost the same as {twin}.")

    def _compare(self, rows: list[int], keys: KeyFiles, found: Likenesses) -> None:
        """Pair each row with the first of these that it resembles."""
        if len({found.first_of(row) for row in rows}) < 2:
            return
        different: list[int] = []
        for row in rows:
            if found.first_of(row) in {found.first_of(other) for other in different}:
                continue
            twin = next((other for other in different if self.resembles(row, other, keys)), None)
            if twin is not None:
                found.pair(row, twin)
            elif len(different) < MOST_COMPARED:
                different.append(row)

    def resembles(self, row: int, other: int, keys: KeyFiles) -> bool:
        return jaccard(keys.items("shingles", row), keys.items("shingles", other)) >= self.threshold


def compared_text(row: Row) -> str:
    """What a row says, without system prompts."""
    said = [message.content for message in row.turns if message.role != "system"]
    called = [call.arguments for message in row.turns for call in message.tool_calls]
    thought = [message.reasoning for message in row.turns if message.reasoning]
    return "\n".join([row.text, *said, *called, *thought])


def jaccard(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
    """What two sets have in common, of what is in either. Neither is empty; items may be there twice."""
    first, second = set(one.tolist()), set(other.tolist())
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)


def _bands(minima: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for each band of a row, of the shape (rows, 21)."""
    banded = minima.reshape(len(minima), BANDS, -1)
    mixed = np.zeros(banded.shape[:2], np.uint64)
    for column in range(banded.shape[2]):
        mixed = (mixed ^ banded[:, :, column]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed
