"""What the endpoint keeps between requests, each part opened when it is first needed."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from starlette.requests import Request

from workbench.batches.storage import BatchStorage, database_file
from workbench.errors import Unsupported
from workbench.server.response_store import ResponseStore


def batches_of(request: Request) -> BatchStorage:
    """Of the server that answers the request. Raises Unsupported."""
    storage: Storage = request.app.state.storage
    return storage.batches


class Storage:
    """Keeps things in `folder`; None keeps what memory can hold, until the server ends."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @cached_property
    def responses(self) -> ResponseStore:
        return ResponseStore(self._folder / "responses.sqlite3" if self._folder else None)

    @cached_property
    def batches(self) -> BatchStorage:
        """Raises Unsupported where there is no folder."""
        if self._folder is None:
            raise Unsupported("This server keeps no files.", "Start it with `workbench serve`.")
        return BatchStorage(self._folder / "batches")

    @property
    def has_batches(self) -> bool:
        """Whether files or batches were ever kept here."""
        return self._folder is not None and database_file(self._folder / "batches").exists()

    def close(self) -> None:
        """Idempotent, as long as nothing is asked for again."""
        for part in vars(self).values():
            if isinstance(part, ResponseStore | BatchStorage):
                part.close()
