"""Files of lines, each a JSON value: a part of one at a time. Lines that are too long are not held."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import IO, Any

from workbench.datasets.reading.encodings import UTF_8
from workbench.datasets.reading.source import Part, Source, is_compressed, open_plain
from workbench.datasets.strict_json import Unreadable, decode

MOST_LINE_BYTES = 32 << 20
Read = tuple[int, Any]
"""The number of a line or row, and its value, or the Unreadable that says why there is none."""


def read_lines(source: Source, part: Part) -> Iterator[Read]:
    """Every line of the part that is not blank."""
    with open_plain(source.path) as file:
        if source.encoding not in UTF_8:
            yield from _decoded(_transcoded(file, source.encoding), 1)
            return
        file.seek(part.start)
        if part.start == 0 and source.encoding == "utf-8-sig":
            file.read(len(codecs.BOM_UTF8))
        length = sys.maxsize if is_compressed(source.path) else part.end - file.tell()
        yield from _decoded(_raw_lines(file, length), part.first_line)


def _raw_lines(file: IO[bytes], length: int) -> Iterator[bytes | None]:
    """The lines of the next `length` bytes; None for one that is too long to be held."""
    while length > 0 and (line := file.readline(MOST_LINE_BYTES + 1)):
        length -= len(line)
        too_long = len(line) > MOST_LINE_BYTES
        while too_long and line and not line.endswith(b"\n"):
            line = file.readline(MOST_LINE_BYTES)
            length -= len(line)
        yield None if too_long else line


def _transcoded(file: IO[bytes], encoding: str) -> Iterator[bytes | None]:
    """Lines of another encoding in UTF-8; what has no meaning in it becomes U+FFFD, which checks find."""
    with TextIOWrapper(file, encoding, errors="replace", newline="\n") as text:
        while line := text.readline(MOST_LINE_BYTES):
            too_long = len(line) == MOST_LINE_BYTES
            while too_long and line and not line.endswith("\n"):
                line = text.readline(MOST_LINE_BYTES)
            yield None if too_long else line.encode()


def _decoded(lines: Iterator[bytes | None], first: int) -> Iterator[Read]:
    for number, line in enumerate(lines, first):
        if line is None:
            yield number, Unreadable("length", f"The line is longer than {MOST_LINE_BYTES >> 20} MiB.")
        elif not line.isspace():
            try:
                yield number, decode(line)
            except Unreadable as unreadable:
                yield number, unreadable
