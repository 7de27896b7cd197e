"""The tables of the history and the steps from each earlier form to the present one.

`PRAGMA user_version` counts the steps that a file has taken. Knows nothing of what the tables are used for.
"""

from __future__ import annotations

import sqlite3
import time

from workbench.errors import WorkbenchError

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE conversation (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            title TEXT NOT NULL,
            model TEXT NOT NULL,
            started REAL NOT NULL,
            updated REAL NOT NULL
        )""",
        """CREATE TABLE message (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
            content TEXT NOT NULL,
            written REAL NOT NULL,
            finish_reason TEXT,
            prompt_tokens INTEGER,
            cached_tokens INTEGER,
            completion_tokens INTEGER,
            time_to_first_token REAL,
            generation_seconds REAL
        )""",
        "CREATE INDEX message_of_conversation ON message (conversation_id, id)",
        "CREATE INDEX conversation_by_update ON conversation (updated)",
    ),
)
_WAL_ATTEMPTS = 50


def prepare(database: sqlite3.Connection) -> None:
    """Bring an opened file, new or old, to the present form. Raises WorkbenchError for a newer one."""
    _use_write_ahead_log(database)
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA foreign_keys = ON")
    version = _version(database)
    if version > len(_MIGRATIONS):
        raise WorkbenchError(
            "The history was written by a newer version of the workbench.", "Update the workbench."
        )
    if version < len(_MIGRATIONS):
        _migrate(database)


def _migrate(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    # Another process may have migrated while this one waited for the lock.
    for step in _MIGRATIONS[_version(database) :]:
        for statement in step:
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    database.execute("COMMIT")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _use_write_ahead_log(database: sqlite3.Connection) -> None:
    # The switch does not honour the busy timeout, so processes that open a new file at once must try again.
    for attempt in range(_WAL_ATTEMPTS):
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(0.02)
