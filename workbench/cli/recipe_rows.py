"""The rows of files that a command names, one after the other, with those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.datasets.forms.rows import row_of
from workbench.datasets.reading import read, survey
from workbench.datasets.row import Origin, Row
from workbench.datasets.strict_json import Unreadable


def rows_in(files: Sequence[str]) -> Iterator[tuple[Origin, Row | Unreadable]]:
    """Raises InvalidRequest for a file that cannot be read at all."""
    for index, file in enumerate(files):
        source, parts = survey(Path(file), index)
        for part in parts:
            for line, value in read(source, part):
                yield Origin(file, line), _row(value, Origin(file, line))


def _row(value: object, origin: Origin) -> Row | Unreadable:
    if isinstance(value, Unreadable):
        return value
    try:
        return row_of(value, origin)
    except Unreadable as unreadable:
        return unreadable
