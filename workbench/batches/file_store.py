"""Files that clients have sent and that batches have made: their bytes in a folder, the rest in the database.

They expire, and take no more than their share of the disk. Each has an owner, and is found by that one alone
or by whoever sees all. Knows nothing of what is in them.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from msgspec.json import Decoder

from workbench.errors import NoSpace
from workbench.openai_dialect.file_object import FileObject
from workbench.openai_dialect.wire import encode
from workbench.whole_file import whole_file

MOST_BYTES = 20 * 2**30
USUAL_SECONDS = 30 * 24 * 3600
_SPARED_BYTES = 256 * 2**20
_decode = Decoder(FileObject).decode


class FileStore:
    """`most_bytes` is what all files together may take."""

    def __init__(self, database: sqlite3.Connection, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._database, self._folder, self._most_bytes = database, folder, most_bytes

    def check_room(self, size: int) -> None:
        """Raises NoSpace where a file of so many bytes is too much."""
        self._expire()
        (used,) = self._database.execute("SELECT coalesce(sum(bytes), 0) FROM file").fetchone()
        if used + size > self._most_bytes:
            raise NoSpace(
                f"The files take {used} bytes already, of {self._most_bytes} that they may.",
                "Delete files that are not needed.",
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < size + _SPARED_BYTES:
            raise NoSpace("The server's disk is nearly full.", "Make room there.")

    def new_id(self) -> str:
        return f"file-{secrets.token_hex(16)}"

    def path(self, id: str) -> Path:
        """Where the bytes of the file of that id are; the id must be one of the store's own making."""
        return self._folder / id

    def write(self, id: str, pieces: Iterable[bytes]) -> int:
        """Put the bytes in place, which may take a while, and return how many; `add` makes them a file."""
        size = 0
        with whole_file(self.path(id), durable=True) as file:
            for piece in pieces:
                size += file.write(piece)
        return size

    def add(
        self,
        id: str,
        size: int,
        *,
        filename: str,
        purpose: str,
        seconds: int = USUAL_SECONDS,
        owner: str = "",
    ) -> FileObject:
        """A file whose bytes are in place; it is gone after so many seconds."""
        now = int(time.time())
        made = FileObject(
            id=id, bytes=size, created_at=now, expires_at=now + seconds, filename=filename, purpose=purpose
        )
        self._database.execute(
            """INSERT OR REPLACE INTO file (id, purpose, bytes, expires, object, owner)
               VALUES (?, ?, ?, ?, ?, ?)""",
            (id, purpose, size, made.expires_at, encode(made), owner),
        )
        return made

    def find(self, id: str, owner: str | None) -> FileObject | None:
        """Among that owner's; None: among all."""
        self._expire()
        row = self._database.execute(
            "SELECT object FROM file WHERE id = ? AND (? IS NULL OR owner = ?)", (id, owner, owner)
        ).fetchone()
        return _decode(row[0]) if row else None

    def page(
        self, purpose: str | None, after: str | None, limit: int, *, newest_first: bool, owner: str | None
    ) -> list[FileObject]:
        """Up to `limit` files of that owner, None for all, after that of the id `after`."""
        self._expire()
        order, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
        rows = self._database.execute(
            f"""SELECT object FROM file WHERE (? IS NULL OR purpose = ?) AND (? IS NULL OR owner = ?)
                AND (? IS NULL OR number {beyond} (SELECT number FROM file WHERE id = ?))
                ORDER BY number {order} LIMIT ?""",
            (purpose, purpose, owner, owner, after, after, limit),
        )
        return [_decode(object) for (object,) in rows]

    def delete(self, id: str) -> None:
        self._database.execute("DELETE FROM file WHERE id = ?", (id,))
        self.path(id).unlink(missing_ok=True)

    def _expire(self) -> None:
        rows = self._database.execute("SELECT id FROM file WHERE expires < ?", (int(time.time()),))
        for (id,) in rows.fetchall():
            self.delete(id)
