"""Tables of text, CSV and TSV: each row an object of its columns, without those that are empty."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper

from workbench.datasets.reading.lines import MOST_LINE_BYTES, Read
from workbench.datasets.reading.source import Source, open_plain
from workbench.datasets.strict_json import Unreadable

_DELIMITERS = ",\t;|"


def read_table(source: Source) -> Iterator[Read]:
    """The rows, each with the line it begins in; the first one names the columns."""
    csv.field_size_limit(MOST_LINE_BYTES)
    with (
        open_plain(source.path) as file,
        TextIOWrapper(file, source.encoding, errors="replace", newline="") as text,
    ):
        heading = text.readline(MOST_LINE_BYTES)
        text.seek(0)
        reader = csv.reader(text, delimiter=max(_DELIMITERS, key=heading.count), strict=True)
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) != len(names):
            yield 1, Unreadable("columns", "Two columns have the same name, so no row can be read.")
            return
        yield from _rows(reader, names)


def _rows(reader: csv._reader, names: list[str]) -> Iterator[Read]:  # type: ignore[name-defined]
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line, Unreadable("table", f"The row cannot be told apart: {error}.")
            continue
        if cells is None:
            return
        if len(cells) == len(names):
            yield line, {name: cell for name, cell in zip(names, cells, strict=True) if cell}
        elif cells:
            reason = f"The row has {len(cells)} cells and the table {len(names)} columns."
            yield line, Unreadable("columns", reason)
