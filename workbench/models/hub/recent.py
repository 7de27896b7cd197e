"""What the hub said of a repository a moment ago, so that questions about one model do not each ask again.

For looking, not for fetching: what is fetched is asked for anew. Knows nothing of what a repository holds.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from workbench import paths
from workbench.models.hub import client
from workbench.models.hub.repository import Repository, repository
from workbench.whole_file import write_whole

FRESH_SECONDS = 300.0
_MOST_BYTES = 32 << 20
_MOST_FILES = 100


def recent_repository(id: str, revision: str = "main") -> Repository:
    """As `repository`, by an answer that is at most FRESH_SECONDS old."""
    place = _place(id, revision)
    if known := _kept(place):
        return known
    found = repository(id, revision)
    with suppress(OSError):
        _keep(place, msgspec.msgpack.encode(found))
    return found


def _place(id: str, revision: str) -> Path:
    """By all that the answer hangs on: the hub, who asks, and what for."""
    asked = "\n".join((client.endpoint(), os.environ.get("HF_TOKEN", ""), id, revision))
    return paths.cache_folder() / "repositories" / hashlib.sha256(asked.encode()).hexdigest()


def _kept(place: Path) -> Repository | None:
    try:
        if not 0 <= time.time() - place.stat().st_mtime < FRESH_SECONDS:
            return None
        with open(place, "rb") as file:
            return msgspec.msgpack.decode(file.read(_MOST_BYTES), type=Repository)
    except (OSError, msgspec.MsgspecError):
        return None


def _keep(place: Path, content: bytes) -> None:
    write_whole(place, content)
    for old in sorted(place.parent.iterdir(), key=lambda file: file.stat().st_mtime)[:-_MOST_FILES]:
        old.unlink()
