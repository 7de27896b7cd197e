"""A position in a byte source that moves forward through numbers, strings and arrays of strings.

Reads a window ahead, and never past MAX_HEADER_BYTES. Knows the wire form of values, not their meaning.
"""

from __future__ import annotations

from struct import Struct, error
from typing import Any

from workbench.gguf.faults import damaged, quoted
from workbench.gguf.source import ByteSource

MAX_HEADER_BYTES = 256 << 20
WINDOW_BYTES = 256 << 10


class Cursor:
    """Reads from a source in one byte order, "<" or ">".

    `reading` is what is being read, in words; errors name it. `nested_arrays` counts those met so far.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.byte_order = "<"
        self.reading = "its first bytes"
        self.nested_arrays = 0
        self._start = 0
        self._window = b""
        self._at = 0

    @property
    def position(self) -> int:
        return self._start + self._at

    @property
    def remaining(self) -> int:
        """Bytes that may still be read."""
        return min(self.source.size, MAX_HEADER_BYTES) - self.position

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """The next values of a `struct` layout without padding."""
        struct = Struct(self.byte_order + layout)
        self._need(struct.size)
        values = struct.unpack_from(self._window, self._at)
        self._at += struct.size
        return values

    def take(self, length: int) -> bytes:
        self._need(length)
        self._at += length
        return self._window[self._at - length : self._at]

    def skip(self, length: int) -> None:
        if length > self.remaining:
            raise self._past_end(length)
        self._at += length

    def string(self) -> bytes:
        (length,) = self.unpack("Q")
        return self.take(length)

    def name(self) -> str:
        """A string that names something: UTF-8, at least one character, none of them NUL."""
        raw = self.string()
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise damaged(self.source.name, f"has a name that is not UTF-8 at {self.reading}") from None
        if not text:
            raise damaged(self.source.name, f"has an empty name at {self.reading}")
        if "\0" in text:
            raise damaged(self.source.name, f"has a name with a NUL in it, {quoted(text)}, at {self.reading}")
        return text

    def skip_strings(self, count: int) -> None:
        """Pass over so many strings: only their lengths are looked at."""
        length_at = Struct(self.byte_order + "Q").unpack_from
        window, at = self._window, self._at
        for _ in range(count):
            try:
                (length,) = length_at(window, at)
            except (error, OverflowError):  # past the window, or past any file
                self._at = at
                self._need(8)
                window, at = self._window, self._at
                (length,) = length_at(window, at)
            at += 8 + length
        self._at = at
        self._need(0)

    def _need(self, length: int) -> None:
        """Have the next `length` bytes in the window, or raise InvalidModel."""
        if self._at + length <= len(self._window):
            return
        if length > self.remaining:
            raise self._past_end(length)
        start = self.position
        window = self.source.read(start, min(max(length, WINDOW_BYTES), self.remaining))
        if len(window) < length:
            raise damaged(self.source.name, "became shorter while it was read")
        self._start, self._window, self._at = start, window, 0

    def _past_end(self, length: int) -> Exception:
        if self.position + length > self.source.size:
            return damaged(self.source.name, f"is cut short: it ends inside {self.reading}")
        return damaged(
            self.source.name, f"has a header of more than {MAX_HEADER_BYTES >> 20} MiB, at {self.reading}"
        )
