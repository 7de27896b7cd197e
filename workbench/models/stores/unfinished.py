"""What an interrupted download has left: a partial file, and the journal of what has arrived of it."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.models.stores.stored import UnfinishedDownload
from workbench.models.transfer.journal import recorded

ENDING = ".incomplete"
_HEAD = re.compile(r"workbench transfer (?P<content>.* (?P<size>\d{1,18}))\n?")
_MAX_HEAD_BYTES = 8192
_MAX_JOURNAL_BYTES = 16 << 20


def unfinished_download(store: str, name: str, path: Path) -> UnfinishedDownload:
    """The download whose partial file is at `path`; where no journal vouches for it, nothing of it counts."""
    journal = _journal(path)
    head = _HEAD.fullmatch(_first_line(journal))
    return UnfinishedDownload(
        store=store,
        name=name,
        path=path,
        files=(path, *((journal,) if journal.is_file() else ())),
        have_bytes=recorded(journal, head["content"]).arrived.total if head and _is_sane(journal) else 0,
        total_bytes=int(head["size"]) if head else None,
    )


def content_of(path: Path) -> str:
    """What the partial file's journal says that it is, or ""."""
    head = _HEAD.fullmatch(_first_line(_journal(path)))
    return head["content"].rpartition(" ")[0] if head else ""


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix(ENDING)}.journal")


def _is_sane(journal: Path) -> bool:
    """Whether it is short enough to be read: the transfer itself keeps it far shorter."""
    return journal.stat().st_size <= _MAX_JOURNAL_BYTES


def _first_line(path: Path) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline(_MAX_HEAD_BYTES)
    except (OSError, ValueError):
        return ""
