"""What is decided about the rows of a whole dataset, and the keys that decisions rest on.

Both are arrays with a place for each row, in the order of the input; the rows themselves stay on the disk.
Knows no operation.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.row import Origin

Keys = Mapping[str, NDArray[Any]]
"""Arrays by name. One called `NAME.length`, shape (rows,), says how many items of `NAME` each row has."""
_GROUPED_AT_ONCE = 20_000_000


class Standing:
    """The state of all rows, which operations on the whole set change in turn.

    Attributes:
        files: The files that were read; `file` holds an index into it for each row, and `line` its line.
        rejected_by: 0 for a row that stays, else the number of the step that set it aside.
        twin: The row because of which it was set aside, or -1.
        unit: Rows of the same unit belong together; the number is that of the unit's first row.
        split: The index of its split in `splits`.
    """

    def __init__(self, files: Sequence[str], file: NDArray[np.uint32], line: NDArray[np.int64]) -> None:
        self.files, self.file, self.line = files, file, line
        rows = len(line)
        self.rejected_by = np.zeros(rows, np.uint8)
        self.twin = np.full(rows, -1, np.int64)
        self.unit = np.arange(rows, dtype=np.int64)
        self.split = np.zeros(rows, np.uint8)
        self.splits: tuple[str, ...] = ("train",)

    def origin(self, row: int) -> Origin:
        return Origin(self.files[self.file[row]], int(self.line[row]))

    @property
    def kept(self) -> NDArray[np.bool_]:
        return np.equal(self.rejected_by, 0)

    def reject(self, step: int, row: int, twin: int = -1) -> None:
        self.rejected_by[row] = step
        self.twin[row] = twin

    def first_of(self, row: int) -> int:
        """The first row of its unit."""
        unit = self.unit
        while unit[row] != row:
            unit[row] = unit[unit[row]]
            row = int(unit[row])
        return row

    def unite(self, one: int, other: int) -> None:
        """Put the units of both rows together."""
        first, second = sorted((self.first_of(one), self.first_of(other)))
        self.unit[second] = first


class KeyFiles:
    """The keys that one operation took of all rows, as files of the parts; arrays are mapped, not read."""

    def __init__(self, parts: Sequence[Mapping[str, Path]], rows: Sequence[int]) -> None:
        self._parts = parts
        self._starts = [0, *np.cumsum(rows, dtype=np.int64).tolist()]
        self._items: dict[str, list[tuple[NDArray[Any], NDArray[np.int64]]]] = {}

    def column(self, name: str, index: int | None = None) -> NDArray[Any]:
        """The array of that name over all rows; of a wide one the column `index`."""
        arrays = [np.load(part[name], mmap_mode="r") for part in self._parts]
        chosen = arrays if index is None else [array[:, index] for array in arrays]
        return np.concatenate([np.asarray(array) for array in chosen]) if chosen else np.zeros(0, np.uint64)

    def items(self, name: str, row: int) -> NDArray[Any]:
        """The items of `name` that this row has."""
        if name not in self._items:
            self._items[name] = [self._mapped(part, name) for part in self._parts]
        part = bisect_right(self._starts, row) - 1
        array, ends = self._items[name][part]
        place = row - self._starts[part]
        start = int(ends[place - 1]) if place else 0
        return np.asarray(array[start : int(ends[place])])

    def _mapped(self, part: Mapping[str, Path], name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
        return (
            np.load(part[name], mmap_mode="r"),
            np.cumsum(np.load(part[f"{name}.length"]), dtype=np.int64),
        )


def groups(values: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """The rows, ascending, of each value that occurs more than once. Many rows are sorted in parts."""
    parts = -(-len(values) // _GROUPED_AT_ONCE)
    for part in range(parts):
        rows = np.flatnonzero(values % np.uint64(parts) == part) if parts > 1 else np.arange(len(values))
        order = rows[np.argsort(values[rows], kind="stable")]
        ordered = values[order]
        same = np.concatenate(([False], ordered[1:] == ordered[:-1], [False])).astype(np.int8)
        edges = np.diff(same)
        for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) + 1, strict=True):
            yield order[start:end]
