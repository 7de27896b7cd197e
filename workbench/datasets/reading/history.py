"""The conversations that were had with the workbench, each a row. The file is only read, never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from workbench.chat.history import messages_in
from workbench.datasets.plain import plain_message
from workbench.datasets.reading.lines import Read
from workbench.datasets.reading.source import Source
from workbench.datasets.strict_json import Unreadable


def read_history(source: Source) -> Iterator[Read]:
    """The rows, each with its conversation's number; one Unreadable for a file of something else."""
    address = f"{Path(source.path).absolute().as_uri()}?mode=ro"
    number = 0
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            listed = database.execute("SELECT id, title, model FROM conversation ORDER BY id").fetchall()
            for number, title, model in listed:
                messages = [plain_message(one) for one in messages_in(database, number)]
                if messages:
                    row: dict[str, Any] = {"messages": messages, "title": title, "model": model}
                    yield number, row
    except sqlite3.Error as error:
        yield number + 1, Unreadable("history", f"It holds no conversations of the workbench: {error}.")
