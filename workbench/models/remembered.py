"""What was read from files before, kept in the cache folder and valid while the files stay as they were.

Reading a header takes up to a tenth of a second and people have hundreds of models. The file may be deleted
at any time. Knows nothing of what is remembered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workbench import __version__, paths
from workbench.whole_file import write_whole

_LAYOUT = f"{__version__} 1"
_MOST_ENTRIES = 5000
_MOST_BYTES = 64 << 20

Stamp = list[list[int]]


class Remembered:
    """Facts by the files that they were read from; all of these must be as they were."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self._before = entries
        self._used: dict[str, Any] = {}
        self.changed = False

    def recall(self, files: Sequence[Path], what: str) -> Any:
        """The fact, or None where it is not known or no longer true."""
        entry = self._before.get(str(files[0])) if files else None
        if not isinstance(entry, dict) or entry.get("stamp") != stamp(files):
            return None
        self._used[str(files[0])] = entry
        return entry.get(what)

    def remember(self, files: Sequence[Path], what: str, fact: Any) -> None:
        """Keep a fact that JSON can hold, unless the files cannot be looked at."""
        now = stamp(files)
        if now is None:
            return
        entry = self._before.get(str(files[0]))
        known = entry if isinstance(entry, dict) and entry.get("stamp") == now else {"stamp": now}
        self._before[str(files[0])] = self._used[str(files[0])] = {**known, what: fact}
        self.changed = True

    def entries(self) -> dict[str, Any]:
        """Those used last, as many as are worth keeping."""
        every = {**self._used, **self._before}
        return dict(list(every.items())[:_MOST_ENTRIES])


@contextmanager
def remembered() -> Iterator[Remembered]:
    """Everything that is remembered, written back at the end where it changed."""
    file = paths.cache_folder() / "models.json"
    known = Remembered(_read(file))
    try:
        yield known
    finally:
        if known.changed:
            with suppress(OSError):
                _write(file, {"layout": _LAYOUT, "files": known.entries()})


def stamp(files: Sequence[Path]) -> Stamp | None:
    """What changes when one of the files does."""
    try:
        states = [os.stat(file) for file in files]
    except (OSError, ValueError):
        return None
    return [[state.st_size, state.st_mtime_ns, state.st_ino] for state in states]


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            return {}
        document = json.loads(file.read_bytes())
        entries = document["files"] if document["layout"] == _LAYOUT else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _write(file: Path, document: dict[str, Any]) -> None:
    write_whole(file, json.dumps(document, separators=(",", ":")).encode())
