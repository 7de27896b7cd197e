"""Which bytes of a file are there: half-open ranges, kept sorted and apart. Knows no file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Range = tuple[int, int]
"""From the first byte to one past the last."""


class Ranges:
    """A set of bytes. Adding a range joins those that it touches."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def __iter__(self) -> Iterator[Range]:
        return iter(list(zip(self._starts, self._ends, strict=True)))

    def add(self, start: int, end: int) -> None:
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def cut(self, size: int) -> Ranges:
        """The part below `size`."""
        return Ranges((start, min(end, size)) for start, end in self if start < size)

    @property
    def total(self) -> int:
        return sum(self._ends) - sum(self._starts)

    @property
    def frontier(self) -> int:
        """How far the bytes reach from the first one without a gap."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def gaps(self, size: int) -> Iterator[Range]:
        """What is missing below `size`, in order."""
        at = 0
        for start, end in self:
            if start >= size:
                break
            if start > at:
                yield at, start
            at = end
        if at < size:
            yield at, size
