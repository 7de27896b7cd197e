"""The answers of models, each kept as soon as it is complete, under what was asked. Survives a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import xxhash
from msgspec import Struct

from workbench.database import DatabaseFile
from workbench.generation import Generation

_encode = msgspec.msgpack.Encoder(enc_hook=str, order="deterministic").encode
_TABLES = (("CREATE TABLE answer (key BLOB PRIMARY KEY, ended TEXT NOT NULL, text TEXT NOT NULL)",),)


class Answer(Struct, frozen=True):
    """A text, and how it ended: by the model, by a limit, or not at all, and then the text says why."""

    ended: Literal["stop", "length", "refused"]
    text: str


class Answers(DatabaseFile):
    """The answers of one model, told by its digest, in a file that other models use as well."""

    def __init__(self, path: Path, model_digest: str) -> None:
        super().__init__(path, _TABLES, "record of answers")
        self._model = model_digest

    def key(self, question: Generation) -> bytes:
        """16 bytes of the model and all that it is asked."""
        return xxhash.xxh3_128_digest(_encode((self._model, question)))

    def of(self, question: Generation) -> Answer | None:
        """None where it was not asked yet."""
        with self.reading():
            found = self._database.execute(
                "SELECT ended, text FROM answer WHERE key = ?", (self.key(question),)
            ).fetchone()
        return None if found is None else Answer(*found)

    def keep(self, question: Generation, answer: Answer) -> None:
        with self.writing() as database:
            database.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?)",
                (self.key(question), answer.ended, answer.text),
            )
