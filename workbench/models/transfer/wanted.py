"""The downloads that were begun and are not done: a small file for each, so that a restart forgets none.

Processes add and remove their own entries without asking each other. What has arrived of them lies elsewhere.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event

import msgspec

from workbench.errors import NoSpace, TransferCancelled, Unreachable, WorkbenchError
from workbench.models.transfer.disk import unwritable
from workbench.models.transfer.progress import Progress
from workbench.models.transfer.pulling import Pulled, PullRequest, pull
from workbench.paths import data_folder
from workbench.whole_file import write_whole

MOST_ENTRIES = 1000
MOST_BYTES = 64 << 10


class _Entry(msgspec.Struct):
    """An entry as it is stored."""

    name: str
    order: float
    sha256: str = ""
    projector: bool = True
    folder: str | None = None


def remember(request: PullRequest, order: float) -> None:
    """Keep the request, at that place in the order. Raises NoSpace where nothing can be kept."""
    folder = str(request.folder) if request.folder else None
    entry = _Entry(request.name, order, request.sha256, request.projector, folder)
    path = _path(request)
    try:
        write_whole(path, msgspec.json.encode(entry), durable=True)
    except OSError as error:
        raise unwritable(path, error) from error


def pull_remembered(request: PullRequest, report: Callable[[Progress], None], cancel: Event) -> Pulled:
    """As `pull`, but what is interrupted is remembered; what cannot be had is not."""
    remember(request, time.time())
    try:
        pulled = pull(request, report, cancel)
    except WorkbenchError as error:
        if not isinstance(error, (Unreachable, NoSpace, TransferCancelled)):
            forget(request)
        raise
    forget(request)
    return pulled


def forget(request: PullRequest) -> None:
    with suppress(OSError):
        _path(request).unlink(missing_ok=True)


def remembered() -> list[PullRequest]:
    """What is still wanted, in order; files that make no sense are passed over."""
    entries = [entry for path in sorted(_folder().glob("*.json"))[:MOST_ENTRIES] if (entry := _read(path))]
    return [
        PullRequest(
            name=entry.name,
            sha256=entry.sha256,
            projector=entry.projector,
            folder=Path(entry.folder) if entry.folder else None,
        )
        for entry in sorted(entries, key=lambda entry: entry.order)
    ]


def _read(path: Path) -> _Entry | None:
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(MOST_BYTES), type=_Entry)
    except (OSError, msgspec.DecodeError):
        return None


def _path(request: PullRequest) -> Path:
    return _folder() / f"{hashlib.sha256(request.name.encode()).hexdigest()[:32]}.json"


def _folder() -> Path:
    return data_folder() / "downloads"
