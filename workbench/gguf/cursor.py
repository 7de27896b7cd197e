"""A position in a byte source that moves forward through numbers, strings and arrays of strings.

Reads a window ahead, and never past MAX_HEADER_BYTES. Knows the wire form of values, not their meaning.
"""

from __future__ import annotations

from struct import Struct, error
from typing import Any

from workbench.gguf.faults import damaged, quoted
from workbench.gguf.source import ByteSource

MAX_HEADER_BYTES = 256 << 20
MAX_NAME_BYTES = (1 << 16) - 1
MAX_TEXT_BYTES = 32 << 20
"""Of all the strings that are kept in memory. The longest, a tokenizer in JSON, would just fit."""


class Cursor:
    """Reads from a source in one byte order, "<" or ">".

    `reading` is what is being read, in words; errors name it. `nested_arrays` and `array_strings` count those
    met so far.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.byte_order = "<"
        self.reading = "its first bytes"
        self.nested_arrays = 0
        self.array_strings = 0
        self._text_bytes = 0
        self._limit = min(source.size, MAX_HEADER_BYTES)
        self._start = 0
        self._window = b""
        self._at = 0

    @property
    def position(self) -> int:
        return self._start + self._at

    @property
    def remaining(self) -> int:
        """Bytes that may still be read."""
        return self._limit - self.position

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """The next values of a `struct` layout without padding."""
        struct = Struct(self.byte_order + layout)
        self._need(struct.size)
        values = struct.unpack_from(self._window, self._at)
        self._at += struct.size
        return values

    def peek(self, length: int) -> bytes:
        """The next bytes without moving on; fewer where the source ends."""
        self._need(min(length, self.remaining))
        return self._window[self._at : self._at + length]

    def take(self, length: int) -> bytes:
        self._need(length)
        self._at += length
        return self._window[self._at - length : self._at]

    def since(self, position: int) -> bytes:
        """The bytes from an earlier position up to this one."""
        length = self.position - position
        self._at -= length
        return self.take(length)

    def skip(self, length: int) -> None:
        if length > self.remaining:
            raise self._past_end(length)
        self._at += length

    def string(self, longest: int = MAX_TEXT_BYTES) -> bytes:
        (length,) = self.unpack("Q")
        if length <= self.remaining:
            self._text_bytes += length
            if length > longest or self._text_bytes > MAX_TEXT_BYTES:
                raise damaged(
                    self.source.name, f"has a text of {length} bytes at {self.reading}, more than is kept"
                )
        return self.take(length)

    def name(self) -> str:
        """A string that names something: UTF-8, at least one character, none of them NUL."""
        raw = self.string(longest=MAX_NAME_BYTES)
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
        if self.remaining < 0:
            raise self._past_end(0)

    def _need(self, length: int) -> None:
        """Have the next `length` bytes in the window, or raise InvalidModel."""
        if self._at >= 0 and self._at + length <= len(self._window):
            return
        if length > self.remaining:
            raise self._past_end(length)
        position = self.position
        start, window = self.source.window(position, length)
        if start + len(window) > self._limit:  # the source reads ahead, or has grown
            window = window[: self._limit - start]
        if start + len(window) < position + length:
            raise damaged(self.source.name, "became shorter while it was read")
        self._start, self._window, self._at = start, window, position - start

    def _past_end(self, length: int) -> Exception:
        if self.position + length > self.source.size:
            return damaged(self.source.name, f"is cut short: it ends inside {self.reading}")
        return damaged(
            self.source.name, f"has a header of more than {MAX_HEADER_BYTES >> 20} MiB, at {self.reading}"
        )
