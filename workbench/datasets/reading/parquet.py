"""Parquet files, row by row through DuckDB, within little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.datasets.reading.lines import Read
from workbench.datasets.reading.source import Source
from workbench.datasets.strict_json import Unreadable

_AT_ONCE = 1000


def read_parquet(source: Source) -> Iterator[Read]:
    """The rows by number; one Unreadable where the file is damaged."""
    import duckdb

    with connection() as database:
        number = 0
        try:
            found = database.execute("SELECT * FROM read_parquet(?)", [source.path])
            names = [column[0] for column in found.description or ()]
            while rows := found.fetchmany(_AT_ONCE):
                for row in rows:
                    number += 1
                    yield number, dict(zip(names, row, strict=True))
        except duckdb.Error as error:
            first_line = str(error).splitlines()[0]
            yield number + 1, Unreadable("parquet", f"The Parquet file cannot be read: {first_line}.")


def connection() -> Any:
    """A DuckDB that fetches nothing from anywhere."""
    import duckdb

    return duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": "512MB",
            "threads": "1",
        }
    )
