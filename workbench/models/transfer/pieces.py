"""Which part of a file is fetched next: always the first that is missing and that nobody is fetching yet.

So the bytes arrive near the front, and the hash that follows the front is never far behind.
"""

from __future__ import annotations

from threading import Lock

from workbench.models.transfer.ranges import Range, Ranges

PIECE_BYTES = 32 << 20


class Pieces:
    """Gives out pieces of a file of `size` bytes. Safe to use from several threads."""

    def __init__(self, size: int, piece_bytes: int = PIECE_BYTES) -> None:
        self._size, self._piece_bytes = size, piece_bytes
        self._taken: list[Range] = []
        self._lock = Lock()

    def take(self, have: Ranges, whole_only: bool) -> Range | None:
        """The next piece, given what has arrived, or None while all is here or under way.

        `whole_only` gives out one piece that reaches to the end, and only while no other is under way.
        """
        with self._lock:
            if whole_only and self._taken:
                return None
            taken = Ranges([*have, *self._taken])
            gap = next(taken.gaps(self._size), None)
            if gap is None:
                return None
            start, end = gap
            piece = (start, self._size) if whole_only else (start, min(end, start + self._piece_bytes))
            self._taken.append(piece)
            return piece

    def give_back(self, piece: Range) -> None:
        """The piece is no longer being fetched, whether it has arrived or not."""
        with self._lock:
            self._taken.remove(piece)
