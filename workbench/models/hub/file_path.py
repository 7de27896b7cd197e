"""Which names of files and repositories may be trusted with a place on this machine. Touches no disk."""

from __future__ import annotations

import re

_OWNER_OR_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_REPOSITORY = re.compile(rf"{_OWNER_OR_NAME}/{_OWNER_OR_NAME}", re.ASCII)
_LONGEST_PART = 255
_LONGEST_PATH = 1024


def is_plain_path(path: str) -> bool:
    """Whether a path stays below its folder and shows as what it is: no "..", nothing unprintable."""
    if not path.isprintable() or "\\" in path or len(path) > _LONGEST_PATH:
        return False
    parts = path.split("/")
    return all(part not in ("", ".", "..") and len(part.encode()) <= _LONGEST_PART for part in parts)


def is_repository(text: str) -> bool:
    """Whether the text has the form of a repository's id, "org/name"."""
    return bool(_REPOSITORY.fullmatch(text)) and "--" not in text and ".." not in text
