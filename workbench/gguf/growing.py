"""A byte source over slow requests: it fetches little at first, then ever larger windows.

Most headers say what the model is in their first 64 KiB; a large vocabulary takes 16 MiB. Knows nothing of
where the bytes come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workbench.gguf.cursor import MAX_HEADER_BYTES

FIRST_BYTES = 64 << 10
GROWTH = 4
LARGEST_BYTES = 8 << 20
LOOK_BACK_BYTES = 4096
"""Kept from before the place asked for: the reader comes back to the start of a short array.

Steps that short over the end of the window do not save a request, and are fetched.
"""


class GrowingSource:
    """Bytes that `fetch(offset, length)` gets, none of them past MAX_HEADER_BYTES.

    An answer may be shorter than asked for; an empty one means that there is no more. What `fetch` raises
    passes through. One window is kept. `requests` and `bytes_fetched` count what was asked for and what came.
    """

    def __init__(
        self, fetch: Callable[[int, int], bytes], size: int, name: str, *, first: int = FIRST_BYTES
    ) -> None:
        self.name = name
        self.size = size
        self.requests = 0
        self.bytes_fetched = 0
        self._fetch = fetch
        self._ahead = first
        self._start = 0
        self._window = b""

    def read(self, offset: int, length: int) -> bytes:
        """From the window where it holds them, else by requests of their own that leave the window alone."""
        at = offset - self._start
        if at >= 0 and at + length <= len(self._window):
            return self._window[at : at + length]
        return b"".join(self._pieces(offset, length))

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        if not self._start <= offset <= offset + length <= self._end:
            kept = self._kept_for(offset)
            start = offset if not kept else self._end - len(kept)
            missing = offset + length - (start + len(kept))
            self._window = b"".join([kept, *self._pieces(start + len(kept), missing, self._ahead)])
            self._start = start
            self._ahead = min(self._ahead * GROWTH, LARGEST_BYTES)
        return self._start, self._window

    @property
    def _end(self) -> int:
        return self._start + len(self._window)

    def _kept_for(self, offset: int) -> bytes:
        """The end of the window from a little before `offset`; nothing when `offset` lies elsewhere."""
        if not self._start <= offset <= self._end + LOOK_BACK_BYTES:
            return b""
        return self._window[max(0, offset - LOOK_BACK_BYTES - self._start) :]

    def _pieces(self, offset: int, length: int, ahead: int = 0) -> Iterator[bytes]:
        """Answers that together hold the `length` bytes at `offset`, each request for `ahead` or more."""
        while length > 0:
            room = min(self.size, MAX_HEADER_BYTES) - offset
            wanted = min(max(length, ahead), LARGEST_BYTES, room)
            piece = self._fetch(offset, wanted)[:wanted] if wanted > 0 else b""
            if not piece:
                return
            self.requests += 1
            self.bytes_fetched += len(piece)
            yield piece
            offset, length = offset + len(piece), length - len(piece)
