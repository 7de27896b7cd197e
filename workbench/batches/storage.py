"""The files and batches of a server in one folder, and the output that becomes a file. Knows no server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from workbench.batches.batch_store import BatchStore
from workbench.batches.file_store import MOST_BYTES, FileStore
from workbench.batches.results import Results
from workbench.batches.schema import opened


def database_file(folder: Path) -> Path:
    return folder / "batches.sqlite3"


class BatchStorage:
    """One database with both stores; it belongs to one thread."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = database_file(folder)
        self._database = opened(self._path)
        self.lock_file = folder / "running.lock"
        self.files = FileStore(self._database, folder / "files", most_bytes)
        self.batches = BatchStore(self._database)

    def write_results(self, batch_id: str, file_id: str, *, failed: bool) -> int:
        """Put the result lines in place as a file's bytes, and return how many bytes; on any thread."""
        with closing(opened(self._path)) as database:
            return self.files.write(file_id, _lines(Results(database, batch_id), failed))

    def close(self) -> None:
        self._database.close()


def _lines(results: Results, failed: bool) -> Iterator[bytes]:
    for text in results.texts(failed=failed):
        yield text.encode() + b"\n"
