"""What is decided about the rows of a whole dataset, and the keys that decisions rest on.

Decisions are arrays with a place for each row, in the order of the input. Keys stay on the disk, as the rows
do, and are read some at a time. Knows no operation.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.row import Origin

Keys = Mapping[str, NDArray[Any]]
"""Arrays by name. One called `NAME.length`, shape (rows,), says how many items of `NAME` each row has."""
Pieces = Callable[[], Iterable[NDArray[Any]]]
"""Gives an array over all rows piece by piece, as often as it is called."""
_GROUPED_AT_ONCE = 4_000_000
_MOST_OPEN = 200


class Units:
    """Which rows belong together. `unit` holds for each row one of its unit that is not after it."""

    def __init__(self, rows: int) -> None:
        self.unit = np.arange(rows, dtype=_places(rows))

    def first_of(self, row: int) -> int:
        """The first row of its unit."""
        unit = self.unit
        while unit[row] != row:
            unit[row] = unit[unit[row]]
            row = int(unit[row])
        return row

    def firsts(self) -> NDArray[Any]:
        """Of each row the first of its unit."""
        while not np.array_equal(further := self.unit[self.unit], self.unit):
            self.unit = further
        return self.unit

    def unite(self, one: int, other: int) -> None:
        """Put the units of both rows together."""
        first, second = sorted((self.first_of(one), self.first_of(other)))
        self.unit[second] = first


class Standing(Units):
    """The state of all rows, which operations on the whole set change in turn.

    Attributes:
        files: The files that were read; `file` holds an index into it for each row, and `line` its line.
        rejected_by: 0 for a row that stays, else the number of the step that set it aside.
        twin: The row because of which it was set aside, or -1.
        unit: Rows of the same unit belong together; see Units.
        split: The index of its split in `splits`.
    """

    def __init__(self, files: Sequence[str], file: NDArray[Any], line: NDArray[Any]) -> None:
        rows = len(line)
        super().__init__(rows)
        self.files, self.file, self.line = files, file, line
        self.rejected_by = np.zeros(rows, np.uint8)
        self.twin = np.full(rows, -1, _places(rows))
        self.split = np.zeros(rows, np.uint8)
        self.splits: tuple[str, ...] = ("train",)

    def __len__(self) -> int:
        return len(self.line)

    def origin(self, row: int) -> Origin:
        return Origin(self.files[self.file[row]], int(self.line[row]))

    @property
    def kept(self) -> NDArray[np.bool_]:
        return np.equal(self.rejected_by, 0)

    def reject(self, step: int, row: int, twin: int = -1) -> None:
        self.rejected_by[row] = step
        self.twin[row] = twin


class KeyFiles:
    """The keys that one operation took of all rows, as files of the parts, `rows` of them in each."""

    def __init__(self, parts: Sequence[Mapping[str, Path]], rows: Sequence[int]) -> None:
        self._parts = parts
        self._starts = [0, *np.cumsum(rows, dtype=np.int64).tolist()]
        self._arrays: dict[Path, tuple[int, np.dtype[Any]]] = {}
        self._open = OrderedDict[Path, BinaryIO]()

    def close(self) -> None:
        """Idempotent."""
        while self._open:
            self._open.popitem()[1].close()

    def __len__(self) -> int:
        return int(self._starts[-1])

    def pieces(self, name: str, index: int | None = None) -> Iterator[NDArray[Any]]:
        """The array of that name part by part; of a wide one the column `index`."""
        for part in self._parts:
            array = np.load(part[name], mmap_mode="r")
            yield array if index is None else array[:, index]

    def column(self, name: str, index: int | None = None) -> NDArray[Any]:
        """The same over all rows."""
        copies = [np.array(piece) for piece in self.pieces(name, index)]
        return np.concatenate(copies) if copies else np.zeros(0, np.uint64)

    def groups(self, name: str, index: int | None = None) -> Iterator[NDArray[np.int64]]:
        """The rows, ascending, of each value of the column that occurs more than once."""
        return groups(partial(self.pieces, name, index), len(self))

    def gathered(self, name: str, rows: NDArray[Any]) -> NDArray[Any]:
        """The array of that name for these rows, which ascend. There is at least one."""
        edges = np.searchsorted(rows, self._starts)
        return np.concatenate(
            [
                np.load(part[name], mmap_mode="r")[rows[begin:end] - start]
                for part, start, begin, end in zip(self._parts, self._starts, edges, edges[1:], strict=False)
                if begin < end
            ]
        )

    def items(self, name: str, row: int) -> NDArray[Any]:
        """The items of `name` that this row has."""
        part = bisect_right(self._starts, row) - 1
        files, place = self._parts[part], row - self._starts[part]
        ends = self._read(files[f"{name}.end"], max(place - 1, 0), place + 1)
        return self._read(files[name], int(ends[0]) if place else 0, int(ends[-1]))

    def _read(self, path: Path, start: int, end: int) -> NDArray[Any]:
        """A stretch of an array. Mapped, all that was ever read would count as memory of this process."""
        if path not in self._arrays:
            array = np.load(path, mmap_mode="r")
            self._arrays[path] = array.offset, array.dtype
        offset, kind = self._arrays[path]
        size = (end - start) * kind.itemsize
        data = os.pread(self._opened(path).fileno(), size, offset + start * kind.itemsize)
        return np.frombuffer(data, kind)

    def _opened(self, path: Path) -> BinaryIO:
        """Of many files only those that were read last stay open."""
        file = self._open.pop(path, None) or open(path, "rb", buffering=0)  # noqa: SIM115 - closed by `close`
        self._open[path] = file
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        return file


def groups(pieces: Pieces, rows: int) -> Iterator[NDArray[np.int64]]:
    """The rows, ascending, of each value that occurs more than once. Of many rows some values at a time."""
    shares = -(-rows // _GROUPED_AT_ONCE)
    for share in range(shares):
        places, values = _of_share(pieces, share, shares)
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        same = np.concatenate(([False], ordered[1:] == ordered[:-1], [False])).astype(np.int8)
        edges = np.diff(same)
        for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) + 1, strict=True):
            yield places[order[start:end]]


def _of_share(pieces: Pieces, share: int, shares: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The rows whose values fall to this share of all, and the values."""
    places, values, start = list[NDArray[np.int64]](), list[NDArray[Any]](), 0
    for piece in pieces():
        chosen = np.flatnonzero(piece % piece.dtype.type(shares) == share)
        places.append(chosen + start)
        values.append(piece[chosen])
        start += len(piece)
    return np.concatenate(places), np.concatenate(values)


def _places(rows: int) -> type[np.signedinteger[Any]]:
    """What can hold the number of any row."""
    return np.int32 if rows < 1 << 31 else np.int64
