"""What came of each line of a run, kept in SQLite as soon as it is known, and once only.

Knows nothing of how a line is answered.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from workbench.batches.request_lines import LineFault

TABLES = (
    """CREATE TABLE result (
    run TEXT NOT NULL,
    line INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, line)
    )""",
    "CREATE INDEX result_by_outcome ON result (run, failed)",
)


class LineResponse(Struct):
    """The answer to a request; `body` is JSON, or a text where a server sent something else."""

    status_code: int
    request_id: str
    body: Any


class LineError(Struct, kw_only=True):
    """Why a line has no answer; `line` counts from 1."""

    code: str
    message: str
    line: int | UnsetType = UNSET
    param: str | UnsetType = UNSET


class ResultLine(Struct, kw_only=True):
    """A line of an output or error file, in OpenAI's form."""

    id: str
    custom_id: str | None
    response: LineResponse | None = None
    error: LineError | None = None


class Results:
    """The results of the run of that name, in a database that has the table.

    Attributes:
        completed: How many lines were answered.
        failed: How many could not be.
    """

    def __init__(self, database: sqlite3.Connection, run: str) -> None:
        self._database, self._run = database, run
        rows = database.execute("SELECT failed, count(*) FROM result WHERE run = ? GROUP BY failed", (run,))
        counted: dict[int, int] = dict(rows.fetchall())
        self.completed, self.failed = counted.get(0, 0), counted.get(1, 0)

    def lines(self) -> set[int]:
        """The numbers of the lines that have a result."""
        rows = self._database.execute("SELECT line FROM result WHERE run = ?", (self._run,))
        return {line for (line,) in rows}

    def texts(self, *, failed: bool) -> Iterator[str]:
        """The result lines, in the order of the input."""
        rows = self._database.execute(
            "SELECT text FROM result WHERE run = ? AND failed = ? ORDER BY line", (self._run, failed)
        )
        return (text for (text,) in rows)

    def keep_answer(self, line: int, custom_id: str, status: int, body: bytes) -> None:
        """Anything but a status of 200 is a failure."""
        response = LineResponse(status, f"req_{secrets.token_hex(12)}", _as_json(body))
        self._keep(line, status != 200, ResultLine(id=_id(), custom_id=custom_id, response=response))

    def keep_fault(self, fault: LineFault) -> None:
        error = LineError(code=fault.code, message=fault.message, line=fault.line, param=fault.param or UNSET)
        self._keep(fault.line, True, ResultLine(id=_id(), custom_id=fault.custom_id, error=error))

    def clear(self) -> None:
        self._database.execute("DELETE FROM result WHERE run = ?", (self._run,))

    def _keep(self, line: int, failed: bool, result: ResultLine) -> None:
        written = self._database.execute(
            "INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?)",
            (self._run, line, failed, msgspec.json.encode(result).decode()),
        )
        self.completed += written.rowcount * (not failed)
        self.failed += written.rowcount * failed


def _as_json(body: bytes) -> object:
    """The body as it came, on one line; a text where it is no JSON."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode(errors="replace")
    return Raw(body) if b"\n" not in body else msgspec.json.decode(body)


def _id() -> str:
    return f"batch_req_{secrets.token_hex(12)}"
