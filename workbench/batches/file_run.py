"""A file of requests to a file of answers, without a server.

What is answered is kept in `OUTPUT.unfinished` until the output is written whole, so that a run that was
interrupted, in whatever way, goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from workbench import database
from workbench.batches.request_lines import LineFault, RequestLine, read_lines
from workbench.batches.results import TABLES, Results
from workbench.batches.running import Answer, answer_lines
from workbench.errors import InvalidRequest, NoSpace, WorkbenchError
from workbench.whole_file import whole_file

_MIGRATIONS = ((*TABLES, "CREATE TABLE source (digest TEXT PRIMARY KEY)"),)
_RUN = "file"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Requests in all, answered, failed, and how many of those were known when this run began."""

    total: int
    completed: int
    failed: int
    known: int

    @property
    def done(self) -> int:
        return self.completed + self.failed


@dataclass(frozen=True, slots=True)
class BatchFiles:
    """Where a run reads and writes; `model` answers every line, whatever model the line names."""

    source: Path
    output: Path
    model: str | None = None

    @property
    def errors(self) -> Path:
        return self.output.with_name(f"{self.output.stem}.errors{self.output.suffix}")

    @property
    def unfinished(self) -> Path:
        return self.output.with_name(f"{self.output.name}.unfinished")


async def run_file(
    files: BatchFiles, answer: Answer, concurrency: int, told: Callable[[BatchProgress], None]
) -> BatchProgress:
    """Raises InvalidRequest for files that cannot be used, and WorkbenchError where the disk fails."""
    with _explained(files), closing(_opened(files)) as kept:
        total = _begun(kept, files)
        results = Results(kept, _RUN)
        known = results.completed + results.failed

        def tell() -> BatchProgress:
            progress = BatchProgress(total, results.completed, results.failed, known)
            told(progress)
            return progress

        tell()
        with files.source.open("rb") as source:
            await answer_lines(_lines(source, files.model), results, answer, concurrency, tell)
        if results.failed:
            _write(files.errors, results.texts(failed=True))
        _write(files.output, results.texts(failed=False))
        end = tell()
    for name in ("-wal", "-shm", ""):
        files.unfinished.with_name(files.unfinished.name + name).unlink(missing_ok=True)
    return end


def _opened(files: BatchFiles) -> sqlite3.Connection:
    """The record of the run, which no other process can open meanwhile."""
    for path in (files.output, files.errors):
        if path.exists() and not files.unfinished.exists():
            raise InvalidRequest(f"{path} is there already.", "Give another output, or remove it.")
    kept = sqlite3.connect(files.unfinished, timeout=0.0, isolation_level=None)
    try:
        kept.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.prepare(kept, _MIGRATIONS, "record of the batch")
    except BaseException:
        kept.close()
        raise
    return kept


def _begun(kept: sqlite3.Connection, files: BatchFiles) -> int:
    """How many requests there are. Raises InvalidRequest where the run was begun with others."""
    digest, total = _measured(files)
    kept.execute("INSERT INTO source SELECT ? WHERE NOT EXISTS (SELECT 1 FROM source)", (digest,))
    if kept.execute("SELECT digest FROM source").fetchone() != (digest,):
        raise InvalidRequest(
            f"{files.unfinished} was begun with another input or model.",
            "Give the same again to go on, or remove it to start anew.",
        )
    return total


def _measured(files: BatchFiles) -> tuple[str, int]:
    """The digest of all that the answers depend on, and the number of lines that are not blank."""
    digest = hashlib.sha256((files.model or "").encode() + b"\0")
    total, written = 0, False
    with files.source.open("rb") as source:
        while piece := source.readline(_BLOCK_BYTES):
            digest.update(piece)
            written = written or bool(piece.strip())
            if piece.endswith(b"\n"):
                total, written = total + written, False
    return digest.hexdigest(), total + written


def _lines(source: BinaryIO, model: str | None) -> Iterator[RequestLine | LineFault]:
    for line in read_lines(source):
        if isinstance(line, RequestLine) and model is not None:
            line = replace(line, body=line.body | {"model": model})
        yield line


def _write(path: Path, texts: Iterator[str]) -> None:
    with whole_file(path, durable=True) as file:
        for text in texts:
            file.write(text.encode() + b"\n")


@contextmanager
def _explained(files: BatchFiles) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise InvalidRequest(
                f"Another run writes {files.output}.", "Wait for it, or give another output."
            ) from error
        if "full" in str(error):
            raise NoSpace("The disk is full.", "Make room, and run the same again.") from error
        raise WorkbenchError(
            f"{files.unfinished} cannot be used: {error}.", "Check that its folder can be written."
        ) from error
    except OSError as error:
        raise InvalidRequest(
            f"{error.filename or files.output} cannot be used: {error.strerror}.", "Check the path."
        ) from error
