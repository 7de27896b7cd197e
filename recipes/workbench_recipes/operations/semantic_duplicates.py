"""`semantic-duplicates`: rows that mean the same as one before them, by the vectors of an embedding model.

Rows whose vectors lie on the same sides of several planes, drawn at random, are compared. That is done with
as many sets of planes as find 99 of 100 pairs at the threshold. Vectors stay on the disk, as 16-bit numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.embedder import Embedder
from workbench.datasets.operation import Surroundings
from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.standing import KeyFiles, Keys, Standing, groups
from workbench.errors import InvalidRequest
from workbench_recipes.operations.near_duplicates import compared_text
from workbench_recipes.resembling import Likenesses, Resembling

Rows = NDArray[np.int64]
_SETS, _PLANES = 64, 16
_RECALL = 0.99
_ROWS_OF_A_GROUP, _COMPARED_AT_ONCE = 2048, 1024


@dataclass
class SemanticDuplicates(Resembling):
    """Sets aside rows that mean the same as one before them: `threshold` is the least cosine of both vectors.

    `model` makes the vectors: the name or path of an embedding model, which is loaded for each process that
    reads, with `threads` of its own. Of rows that are longer than its context the beginning counts; system
    prompts are not compared. With `keep` true such rows stay, but go into the same split.
    """

    model: str = ""
    threshold: float = 0.9
    threads: int = 1
    keep: bool = False
    seed: int = 42

    def __post_init__(self) -> None:
        self._embedder: Embedder | None = None

    def models(self) -> Sequence[str]:
        return [self.model] if self.model else []

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest without a model, and as Embedder."""
        if not self.model:
            raise InvalidRequest(
                "It is not said which model tells what rows mean.",
                "Name an embedding model: --set semantic-duplicates.model=MODEL.",
            )
        if not 0 < self.threshold < 1:
            raise InvalidRequest("The threshold of semantic-duplicates is no cosine.", "Give one below 1.")

    def end(self) -> None:
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None

    def keys(self, rows: Sequence[Row]) -> Keys:
        if self._embedder is None:
            self._embedder = Embedder(self.model, self.threads)
            draw = np.random.default_rng(self.seed)
            self._planes = draw.standard_normal((self._embedder.length, _SETS * _PLANES), np.float32)
        vectors = self._embedder.vectors([compared_text(row) for row in rows])
        sides = (vectors @ self._planes > 0).reshape(len(rows), _SETS, _PLANES)
        return {
            "vector": vectors.astype(np.float16),
            "sides": np.packbits(sides, axis=2, bitorder="little").view("<u2")[:, :, 0],
            "said": np.array(vectors.any(axis=1)),
        }

    def look(self, keys: KeyFiles, standing: Standing, found: Likenesses) -> None:
        alive = standing.kept & keys.column("said").astype(bool)
        planes, sets = _planes_and_sets(int(alive.sum()), self.threshold)
        mask = np.uint16((1 << planes) - 1)
        for number in range(sets):
            for rows in groups(lambda: _masked(keys, number, mask), len(keys)):  # noqa: B023 - used at once
                self._compare(rows[alive[rows]], keys, found)

    def resembles(self, row: int, other: int, keys: KeyFiles) -> bool:
        one, another = _vectors(keys, np.array(sorted((row, other))))
        return float(one @ another) >= self.threshold

    def rejection(self, twin: Origin | None) -> Rejection:
        return Rejection("semantic-duplicate", f"It means the same as {twin}.")

    def _compare(self, rows: Rows, keys: KeyFiles, found: Likenesses) -> None:
        """Pair each row with the first of these that it resembles and that resembles none before it."""
        different = rows[:0]
        for some in _some(rows):
            for known in _some(different):
                some = self._new(some, known, keys, found)
            different = np.concatenate((different, self._among_themselves(some, keys, found)))

    def _new(self, rows: Rows, known: Rows, keys: KeyFiles, found: Likenesses) -> Rows:
        """The rows that resemble none of those that are known."""
        if not len(rows):
            return rows
        alike = _vectors(keys, rows) @ _vectors(keys, known).T >= self.threshold
        for place in np.flatnonzero(alike.any(axis=1)):
            found.pair(int(rows[place]), int(known[alike[place].argmax()]))
        return rows[~alike.any(axis=1)]

    def _among_themselves(self, rows: Rows, keys: KeyFiles, found: Likenesses) -> Rows:
        """The rows that resemble none before them."""
        if len(rows) < 2:
            return rows
        vectors = _vectors(keys, rows)
        alike = np.tril(vectors @ vectors.T >= self.threshold, -1)
        different = np.ones(len(rows), bool)
        for place in np.flatnonzero(alike.any(axis=1)):
            twins = np.flatnonzero(alike[place] & different)
            if len(twins):
                found.pair(int(rows[place]), int(rows[twins[0]]))
                different[place] = False
        return rows[different]


def _planes_and_sets(rows: int, threshold: float) -> tuple[int, int]:
    """How many planes part the rows into groups of a fair size, and how often that is done.

    Two vectors lie on the same side of a plane with the probability 1 - angle / pi (Charikar, 2002).
    """
    same = 1 - math.acos(threshold) / math.pi
    most = max(0, math.ceil(math.log2(max(rows, 1) / _ROWS_OF_A_GROUP)))
    for planes in count(min(most, _PLANES), -1):
        if planes == 0:
            return 0, 1
        sets = math.ceil(math.log(1 - _RECALL) / math.log(1 - same**planes))
        if sets <= _SETS:
            return planes, sets
    raise AssertionError("without planes there is one set")


def _masked(keys: KeyFiles, number: int, mask: np.uint16) -> Iterator[NDArray[np.uint16]]:
    return (piece & mask for piece in keys.pieces("sides", number))


def _some(rows: Rows) -> Iterator[Rows]:
    return (rows[at : at + _COMPARED_AT_ONCE] for at in range(0, len(rows), _COMPARED_AT_ONCE))


def _vectors(keys: KeyFiles, rows: Rows) -> NDArray[np.float32]:
    """Of unit length again, after they were rounded."""
    vectors = keys.gathered("vector", rows).astype(np.float32)
    whole: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return whole
