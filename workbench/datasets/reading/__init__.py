"""Reads files of rows, of any size, and trusts none: what cannot be read is told with its place, never lost.

Yields plain objects; what their fields mean is known to `forms`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from workbench.datasets.reading.documents import read_document
from workbench.datasets.reading.history import read_history
from workbench.datasets.reading.lines import Read, read_lines
from workbench.datasets.reading.parquet import read_parquet
from workbench.datasets.reading.source import Part, Source, survey
from workbench.datasets.reading.tables import read_table

__all__ = ["Part", "Read", "Source", "read", "survey"]


def read(source: Source, part: Part) -> Iterator[Read]:
    """The rows of a part, each with its number; in place of one that cannot be read an Unreadable."""
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
        case _:
            assert_never(source.layout)
