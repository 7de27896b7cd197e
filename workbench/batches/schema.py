"""The tables of the files and batches that a server keeps. Knows nothing of what they are used for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from workbench import database
from workbench.batches.results import TABLES

_BUSY_SECONDS = 10.0
_MIGRATIONS = (
    (
        """CREATE TABLE file (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            purpose TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            expires INTEGER,
            object TEXT NOT NULL
        )""",
        """CREATE TABLE batch (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL,
            input TEXT NOT NULL,
            object TEXT NOT NULL
        )""",
        "CREATE INDEX batch_by_status ON batch (status)",
        *TABLES,
    ),
    (
        "ALTER TABLE file ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE batch ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
    ),
)


def opened(path: Path) -> sqlite3.Connection:
    """The database at the path, made if need be, which several processes may have open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        database.prepare(connection, _MIGRATIONS, "record of batches")
    except BaseException:
        connection.close()
        raise
    return connection
