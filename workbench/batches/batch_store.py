"""Batches and the results they have so far, in the database, each with its owner.

Knows nothing of how they are answered, nor of who an owner is.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable

from msgspec.json import Decoder

from workbench.batches.results import Results
from workbench.openai_dialect.batch_object import BatchObject, BatchRequest, RequestCounts
from workbench.openai_dialect.wire import encode

WINDOW_SECONDS = 24 * 3600
UNFINISHED = ("validating", "in_progress", "finalizing", "cancelling")
_MOST_FINISHED = 10_000
_decode = Decoder(BatchObject).decode
_STATES = ", ".join(f"'{status}'" for status in UNFINISHED)


class BatchStore:
    """Several processes may have one; a batch is changed by one at a time."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, request: BatchRequest, model: str | None = None, owner: str = "") -> BatchObject:
        now = int(time.time())
        batch = BatchObject(
            id=f"batch_{secrets.token_hex(16)}",
            endpoint=request.endpoint,
            model=model,
            input_file_id=request.input_file_id,
            completion_window=request.completion_window,
            created_at=now,
            expires_at=now + WINDOW_SECONDS,
            request_counts=RequestCounts(),
            metadata=request.metadata,
            output_expires_after=request.output_expires_after,
        )
        self._database.execute(
            "INSERT INTO batch (id, status, input, object, owner) VALUES (?, ?, ?, ?, ?)",
            (batch.id, batch.status, batch.input_file_id, encode(batch), owner),
        )
        self._forget()
        return batch

    def find(self, id: str, owner: str | None) -> BatchObject | None:
        """Among that owner's; None: among all."""
        row = self._database.execute(
            "SELECT object FROM batch WHERE id = ? AND (? IS NULL OR owner = ?)", (id, owner, owner)
        ).fetchone()
        return self._counted(_decode(row[0])) if row else None

    def page(self, after: str | None, limit: int, owner: str | None) -> list[BatchObject]:
        """Up to `limit` batches older than that of the id `after`, the newest first; `owner` as in find."""
        rows = self._database.execute(
            """SELECT object FROM batch WHERE (? IS NULL OR owner = ?)
               AND (? IS NULL OR number < (SELECT number FROM batch WHERE id = ?))
               ORDER BY number DESC LIMIT ?""",
            (owner, owner, after, after, limit),
        )
        return [self._counted(_decode(object)) for (object,) in rows.fetchall()]

    def owner(self, id: str) -> str:
        """Whose it is; the id must be a batch's."""
        (owner,) = self._database.execute("SELECT owner FROM batch WHERE id = ?", (id,)).fetchone()
        return str(owner)

    def status(self, id: str) -> str | None:
        row = self._database.execute("SELECT status FROM batch WHERE id = ?", (id,)).fetchone()
        return row[0] if row else None

    def unfinished(self) -> list[BatchObject]:
        """The batches that there is something to do for, the oldest first."""
        rows = self._database.execute(f"SELECT object FROM batch WHERE status IN ({_STATES}) ORDER BY number")
        return [_decode(object) for (object,) in rows.fetchall()]

    def needs(self, file_id: str) -> bool:
        """Whether a batch is yet to read that file."""
        query = f"SELECT 1 FROM batch WHERE input = ? AND status IN ({_STATES})"
        return self._database.execute(query, (file_id,)).fetchone() is not None

    def change(self, id: str, change: Callable[[BatchObject], None]) -> BatchObject:
        """Change the batch as it is now, and return it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            (object,) = self._database.execute("SELECT object FROM batch WHERE id = ?", (id,)).fetchone()
            batch = _decode(object)
            change(batch)
            self._database.execute(
                "UPDATE batch SET status = ?, object = ? WHERE id = ?", (batch.status, encode(batch), id)
            )
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        return batch

    def results(self, id: str) -> Results:
        return Results(self._database, id)

    def _counted(self, batch: BatchObject) -> BatchObject:
        if batch.status in UNFINISHED:
            results = self.results(batch.id)
            batch.request_counts.completed = results.completed
            batch.request_counts.failed = results.failed
        return batch

    def _forget(self) -> None:
        self._database.execute(
            f"""DELETE FROM batch WHERE status NOT IN ({_STATES}) AND number <= (
                  SELECT max(number) - ? FROM batch)""",
            (_MOST_FINISHED,),
        )
