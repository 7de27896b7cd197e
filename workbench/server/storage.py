"""What the endpoint keeps between requests, each part opened when it is first needed."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from workbench.server.response_store import ResponseStore


class Storage:
    """Keeps things in `folder`; None keeps what memory can hold, until the server ends."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @cached_property
    def responses(self) -> ResponseStore:
        return ResponseStore(self._folder / "responses.sqlite3" if self._folder else None)

    def close(self) -> None:
        """Idempotent, as long as nothing is asked for again."""
        for part in vars(self).values():
            if isinstance(part, ResponseStore):
                part.close()
