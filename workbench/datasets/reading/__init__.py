"""Reads rows and documents of any size, and trusts none: what cannot be read is told with its place.

Yields plain objects; what their fields mean is known to `forms`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import assert_never

from workbench.datasets.reading.documents import read_document
from workbench.datasets.reading.history import read_history
from workbench.datasets.reading.lines import Read, read_lines
from workbench.datasets.reading.parquet import read_parquet
from workbench.datasets.reading.prose import read_prose
from workbench.datasets.reading.source import Part, Source, is_compressed, survey
from workbench.datasets.reading.tables import read_table
from workbench.datasets.strict_json import Unreadable

__all__ = ["Part", "Read", "Source", "read", "survey"]


def read(source: Source, part: Part) -> Iterator[Read]:
    """The rows of a part, each with its number; in place of one that cannot be read an Unreadable."""
    return _unpacked(source, part) if is_compressed(source.path) else _read(source, part)


def _unpacked(source: Source, part: Part) -> Iterator[Read]:
    number = 0
    try:
        for number, value in _read(source, part):
            yield number, value
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield number + 1, Unreadable("gzip", f"From here on the packed file is damaged: {error}.")


def _read(source: Source, part: Part) -> Iterator[Read]:
    match source.layout:
        case "lines":
            yield from read_lines(source, part)
        case "document":
            yield from read_document(source)
        case "table":
            yield from read_table(source)
        case "parquet":
            yield from read_parquet(source)
        case "history":
            yield from read_history(source)
        case "pdf" | "docx" | "html" | "markdown" | "text":
            yield from read_prose(source, source.layout)
        case _:
            assert_never(source.layout)
