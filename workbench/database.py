"""SQLite files that several processes use at once, and the steps from an earlier form of one to the present.

They hold what people have said, so no other user may read them.
`PRAGMA user_version` counts the steps that a file has taken. Knows nothing of what is kept in them.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from workbench.errors import WorkbenchError

Migrations = Sequence[Sequence[str]]
"""Statements of each step, the first of which make the tables."""
_WAL_ATTEMPTS = 50
_BUSY_SECONDS = 10.0


class DatabaseFile:
    """An opened file, new or old, in its present form. Belongs to one thread.

    Opening it, and all that is done within `reading` and `writing`, raises WorkbenchError with the file's
    `name` where the file cannot be used.
    """

    def __init__(self, path: Path, migrations: Migrations, name: str) -> None:
        self.path = path
        self._name = name
        with self.reading():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                prepare(self._database, migrations, name)
            except BaseException:
                self._database.close()
                raise

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise WorkbenchError(
                f"The {self._name} at {self.path} cannot be used: {error}.",
                "Check that its folder can be written and that the disk has room.",
            ) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All that is done within it is kept, or nothing of it."""
        with self.reading():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


def prepare(database: sqlite3.Connection, migrations: Migrations, name: str) -> None:
    """Bring an opened file, new or old, to the present form. Raises WorkbenchError for a newer one."""
    _make_private(database)
    _use_write_ahead_log(database)
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA foreign_keys = ON")
    version = _version(database)
    if version > len(migrations):
        raise WorkbenchError(
            f"The {name} was written by a newer version of the workbench.", "Update the workbench."
        )
    if version < len(migrations):
        _migrate(database, migrations)


def _make_private(database: sqlite3.Connection) -> None:
    """SQLite gives the files beside it the same mode."""
    for _, _, path in database.execute("PRAGMA database_list"):
        with suppress(OSError):
            if path:
                os.chmod(path, 0o600)


def _migrate(database: sqlite3.Connection, migrations: Migrations) -> None:
    database.execute("BEGIN IMMEDIATE")
    # Another process may have migrated while this one waited for the lock.
    for step in migrations[_version(database) :]:
        for statement in step:
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {len(migrations)}")
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
