"""Responses that are kept, so that later ones can go on from them; the oldest make room for new ones.

One SQLite file that several servers may share. Each response has an owner, and is found by that one alone or
by whoever sees all. Holds JSON and knows nothing of what it means but where a response's output lies in it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from workbench import database

MOST_BYTES = 256 * 1024 * 1024
KEPT_SECONDS = 30 * 24 * 3600
_BUSY_SECONDS = 10.0
_MIGRATIONS = (
    (
        """CREATE TABLE response (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            previous TEXT,
            kept REAL NOT NULL,
            input TEXT NOT NULL,
            body TEXT NOT NULL,
            bytes INTEGER NOT NULL
        )""",
        """CREATE TABLE item (
            id TEXT PRIMARY KEY,
            response INTEGER NOT NULL REFERENCES response (number) ON DELETE CASCADE,
            position INTEGER NOT NULL
        )""",
        "CREATE INDEX item_of_response ON item (response)",
    ),
    ("ALTER TABLE response ADD COLUMN owner TEXT NOT NULL DEFAULT ''",),
    ("ALTER TABLE response ADD COLUMN events BLOB NOT NULL DEFAULT x''",),
)


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """A response and the items it answers, both as JSON, and the events of its stream, compressed.

    `previous` is the id it goes on from.
    """

    id: str
    previous: str | None
    input: str
    body: str
    events: bytes = b""


class ResponseStore:
    """`path` None keeps them in memory, for as long as the store is open."""

    def __init__(self, path: Path | None, most_bytes: int = MOST_BYTES) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None)
        self._most_bytes = most_bytes
        database.prepare(self._database, _MIGRATIONS, "record of responses")

    def keep(self, response: KeptResponse, item_ids: Sequence[str], owner: str = "") -> None:
        """`item_ids` are those of its output, in order."""
        size = len(response.input) + len(response.body) + len(response.events)
        with self._database as connection:
            connection.execute("BEGIN IMMEDIATE")
            cursor = connection.execute(
                """INSERT INTO response (id, previous, input, body, events, kept, bytes, owner)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (*astuple(response), time.time(), size, owner),
            )
            rows = [(id, cursor.lastrowid, position) for position, id in enumerate(item_ids)]
            connection.executemany("INSERT INTO item VALUES (?, ?, ?)", rows)
            self._make_room(connection)

    def find(self, id: str, owner: str | None) -> KeptResponse | None:
        """Among that owner's; None: among all."""
        row = self._database.execute(
            """SELECT id, previous, input, body, events FROM response
               WHERE id = ? AND (? IS NULL OR owner = ?)""",
            (id, owner, owner),
        ).fetchone()
        return KeptResponse(*row) if row else None

    def find_item(self, id: str, owner: str | None) -> str | None:
        """One item of some response's output, as JSON, found as `find` does."""
        row = self._database.execute(
            """SELECT json_extract(body, '$.output[' || position || ']')
               FROM item JOIN response ON response.number = item.response
               WHERE item.id = ? AND (? IS NULL OR owner = ?)""",
            (id, owner, owner),
        ).fetchone()
        return row[0] if row else None

    def delete(self, id: str) -> bool:
        """Whether there was one of that id."""
        return self._database.execute("DELETE FROM response WHERE id = ?", (id,)).rowcount > 0

    def close(self) -> None:
        self._database.close()

    def _make_room(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM response WHERE kept < ?", (time.time() - KEPT_SECONDS,))
        connection.execute(
            """DELETE FROM response WHERE number IN (
                 SELECT number FROM (
                   SELECT number, sum(bytes) OVER (ORDER BY number DESC) AS newer FROM response
                 ) WHERE newer > ?)""",
            (self._most_bytes,),
        )
