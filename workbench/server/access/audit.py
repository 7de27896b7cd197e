"""What administrators did, a line of JSON for each action, in a file of bounded size.

Knows nothing of what the actions do.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from workbench.server.access.caller import caller

MOST_BYTES = 4 << 20
"""Of the file; what was in it before is kept once, beside it."""


class AuditLog:
    """Appends; several processes may do so at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, action: str, target: str, outcome: str = "done") -> None:
        """Who did what to which model or key, and what came of it. Raises OSError."""
        who = caller()
        line = msgspec.json.encode(
            {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "action": action,
                "target": target,
                "outcome": outcome,
                "key": who.name or None,
                "address": who.address or None,
            }
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._keep_bounded()
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line + b"\n")
        finally:
            os.close(handle)

    def _keep_bounded(self) -> None:
        if self._path.exists() and self._path.stat().st_size >= MOST_BYTES:
            os.replace(self._path, self._path.with_name(f"{self._path.name}.1"))
