"""Documents: each is one row of text, but plain text of any size comes in pieces.

A row tells the document that it is from, its format, and its title where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

from workbench.datasets.documents.cleaning import cleaned
from workbench.datasets.documents.document import DocumentLayout
from workbench.datasets.documents.extraction import extraction
from workbench.datasets.reading.encodings import UTF_8
from workbench.datasets.reading.lines import Read
from workbench.datasets.reading.source import Source, open_plain
from workbench.datasets.strict_json import Unreadable

PIECE_CHARACTERS = 4 << 20
_EMPTY = Unreadable("no-text", "It holds no text.")
_BINARY = Unreadable("encoding", "It is binary, not text.")


def read_prose(source: Source, layout: DocumentLayout) -> Iterator[Read]:
    """The row, numbered 1; of plain text each piece with the line it begins in."""
    if layout == "text":
        yield from _text(source)
        return
    try:
        found = extraction.document(source.path, layout, source.encoding)
    except Unreadable as unreadable:
        yield 1, unreadable
        return
    told: dict[str, Any] = {"title": found.title, "empty_pages": list(found.empty_pages)}
    yield 1, _row(source, layout, found.text) | {name: value for name, value in told.items() if value}


def _text(source: Source) -> Iterator[Read]:
    empty = True
    with open_plain(source.path) as file, TextIOWrapper(file, source.encoding, errors="replace") as text:
        for line, piece in _pieces(text):
            if "\x00" in piece and source.encoding in UTF_8:
                yield line, _BINARY
                return
            if (told := cleaned(piece).strip("\n")).strip():
                empty = False
                yield line, _row(source, "text", told)
    if empty:
        yield 1, _EMPTY


def _pieces(text: TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Each ends at an empty line, or at twice its length where there is none."""
    held, length, first, number = list[str](), 0, 1, 1
    while line := text.readline(PIECE_CHARACTERS):
        held.append(line)
        length += len(line)
        number += line.endswith("\n")
        if length >= 2 * PIECE_CHARACTERS or (length >= PIECE_CHARACTERS and line.isspace()):
            yield first, "".join(held)
            held, length, first = [], 0, number
    if held:
        yield first, "".join(held)


def _row(source: Source, layout: DocumentLayout, text: str) -> dict[str, Any]:
    return {"text": text, "document": source.path, "format": layout}
