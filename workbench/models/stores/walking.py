"""Look through folders that anybody may have filled: bounded in depth and number, safe from loops of links.

What cannot be read is left out. Knows nothing of models.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_DEPTH = 16
MAX_FOLDERS = 20_000
MAX_NAMES = 500_000
MAX_JSON_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder's regular files, sorted; `parts` leads to it from where the walk began."""

    path: Path
    parts: tuple[str, ...]
    names: tuple[str, ...]


def walk(root: Path) -> Iterator[Listing]:
    """Root and each folder below it once, whatever links lead to it. Hidden ones are left out."""
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    seen, names = set[tuple[int, int]](), 0
    while waiting and len(seen) < MAX_FOLDERS and names < MAX_NAMES:
        path, parts = waiting.pop()
        identity = _identity(path)
        if identity is None or identity in seen:
            continue
        seen.add(identity)
        folders, files = _entries(path)
        names += len(files)
        yield Listing(path, parts, tuple(files))
        if len(parts) < MAX_DEPTH:
            waiting += [(path / name, (*parts, name)) for name in reversed(folders)]


def listing_of(path: Path) -> Listing:
    return Listing(path, (), tuple(_entries(path)[1]))


def folders_in(path: Path) -> list[Path]:
    return [path / name for name in _entries(path)[0]]


def files_in(path: Path) -> list[Path]:
    return [path / name for name in _entries(path, hidden=True)[1]]


def json_object(path: Path, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The JSON object in a file of moderate size, or {}."""
    try:
        value = json.loads(read_text(path, limit))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read_text(path: Path, limit: int = MAX_JSON_BYTES) -> str:
    """The text of a regular file of moderate size, or ""."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return ""
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError):
        return ""
    return "" if len(data) > limit else data.decode("utf-8", "replace")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None


def _entries(path: Path, *, hidden: bool = False) -> tuple[list[str], list[str]]:
    """The names of the folders and of the regular files in a folder; links count as what they lead to."""
    folders, files = [], []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not hidden and entry.name.startswith("."):
                    continue
                if _is_folder(entry):
                    folders.append(entry.name)
                elif _is_file(entry):
                    files.append(entry.name)
    except (OSError, ValueError):
        pass
    return sorted(folders), sorted(files)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False
