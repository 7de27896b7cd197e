"""`split`: which rows are learned from and which are held out, with nothing that is known from the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import xxhash

from workbench.datasets.findings import Findings
from workbench.datasets.operation import SetOperation, Surroundings
from workbench.datasets.row import Row
from workbench.datasets.standing import KeyFiles, Keys, Standing
from workbench.errors import InvalidRequest
from workbench_recipes.operations.exact_duplicates import content_digest

_SPLITS = ("train", "valid", "test")
_AT_ONCE = 1_000_000


@dataclass
class Split(SetOperation):
    """Holds out the shares `valid` and `test` of what belongs together.

    Rows that are duplicates of each other, exact or near, stay together, and so do rows with the same value
    of the field `group`, such as a document or a user; without one, those that begin with the same image.
    Where they go follows from what their first row says, so they stay there when more rows come after.
    """

    valid: float = 0.05
    test: float = 0.0
    group: str = ""

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest for shares that leave nothing to learn from."""
        self._seed = surroundings.seed
        if min(self.valid, self.test) < 0 or self.valid + self.test >= 1:
            raise InvalidRequest("The shares of split are no shares.", "Give numbers from 0 to 1.")

    def keys(self, rows: Sequence[Row]) -> Keys:
        return {
            "key": np.array([_hash(content_digest(row), self._seed) for row in rows], np.uint64),
            "group": np.array([self._group(row) for row in rows], np.uint64),
        }

    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        standing.splits = _SPLITS
        if self.group or keys.column("group").any():
            self._unite(keys, standing)
        places, firsts = keys.column("key"), standing.firsts()
        for start in range(0, len(standing), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            place = places[firsts[some]].astype(np.float64) / 2.0**64
            standing.split[some] = np.select([place < self.valid, place < self.valid + self.test], [1, 2])
        self._fill(standing, firsts, places)

    def _unite(self, keys: KeyFiles, standing: Standing) -> None:
        """Rows that stay and have the same value of the group's field; those without one stay alone."""
        group, kept = keys.column("group"), standing.kept
        for rows in keys.groups("group"):
            together = rows[kept[rows]].tolist() if group[rows[0]] else []
            for row in together[1:]:
                standing.unite(together[0], row)

    def _fill(self, standing: Standing, firsts: Any, places: Any) -> None:
        """A small set may have nothing by chance in a split that was asked for: it gets the nearest unit.

        There is always something to learn from.
        """
        units = np.unique(firsts[standing.kept])
        if len(units) and (standing.split[standing.kept] != 0).all():
            standing.split[firsts == units[np.argmax(places[units])]] = 0
        for split, share in ((1, self.valid), (2, self.test)):
            if not share or (standing.kept & (standing.split == split)).any():
                continue
            units = np.unique(firsts[standing.kept & (standing.split == 0)])
            if len(units) > 1:
                standing.split[firsts == units[np.argmin(places[units])]] = split

    def _group(self, row: Row) -> int:
        image = row.images[0].source if row.images else None
        value = row.meta.get(self.group) if self.group else image
        return 0 if value is None else _hash(msgspec.json.encode(value, enc_hook=str), 0) | 1


def _hash(key: bytes, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(key, seed)
