"""Rows of tokens put together so that few places of a context stay empty, with the borders between them.

Best fit, longest first. No row is cut, and their order within a pack is that of the input. Knows no files.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Pack:
    """The indices of the rows in it, and how many tokens they have together."""

    rows: tuple[int, ...]
    tokens: int


def packed(lengths: Sequence[int], capacity: int) -> list[Pack]:
    """Packs of at most `capacity` tokens, ordered by their first rows.

    Raises InvalidRequest for a row that is longer than that.
    """
    free = list[tuple[int, int]]()
    """Room and number of each pack, least room first."""
    packs = list[list[int]]()
    for row in sorted(range(len(lengths)), key=lambda one: (-lengths[one], one)):
        length = lengths[row]
        if length > capacity:
            raise InvalidRequest(
                f"A row of {length} tokens does not fit into packs of {capacity}.",
                "Apply a length policy first, or make the packs larger.",
            )
        place = bisect_left(free, (length, 0))
        room, number = free.pop(place) if place < len(free) else (capacity, len(packs))
        if number == len(packs):
            packs.append([])
        packs[number].append(row)
        insort(free, (room - length, number))
    chosen = sorted(tuple(sorted(rows)) for rows in packs)
    return [Pack(rows, sum(lengths[row] for row in rows)) for rows in chosen]


def position_ids(lengths: Sequence[int]) -> list[int]:
    """The places of a pack's tokens, beginning at 0 with each row, by which trainers keep rows apart."""
    return [place for length in lengths for place in range(length)]
