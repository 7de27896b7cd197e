"""The hub's own way of sending bytes, Xet, through its own client: on request, and checked afterwards.

It can be faster, but neither resumes nor checks what has arrived. So it works in a folder of its own, and
only a file whose hash is right leaves it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

from workbench.errors import CorruptDownload, TransferCancelled, Unreachable
from workbench.models.hub import client
from workbench.models.hub.repository import HubFile
from workbench.models.transfer.cache_layout import CacheLayout
from workbench.models.transfer.digest import BLOCK_BYTES, new_hash
from workbench.models.transfer.disk import unwritable

TICK_SECONDS = 0.2


def xet_fetch(layout: CacheLayout, file: HubFile, arrived: Callable[[int], None], cancel: Event) -> None:
    """Leave the file whole and flushed where its partial file would be. `arrived` is told how much is here.

    Raises CorruptDownload, TransferCancelled, NoSpace, and Unreachable with the client's own words.
    """
    staging = layout.folder / ".workbench-xet"
    try:
        staging.mkdir(parents=True, exist_ok=True)
        path = _fetch(layout, file, staging, arrived, cancel)
        if _hash(path, file) != file.etag:
            raise CorruptDownload("What arrived is not what was published.", "Try again without --xet.")
        layout.partial(file).parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, layout.partial(file))
    except OSError as error:
        raise unwritable(staging, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fetch(
    layout: CacheLayout, file: HubFile, staging: Path, arrived: Callable[[int], None], cancel: Event
) -> Path:
    client.prepare()
    arguments = (client.endpoint(), layout.repository, layout.commit, file.path, str(staging))
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench.models.transfer.xet_process", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not _ended(process):
            arrived(min(file.size_bytes, _bytes_in(staging)))
            if cancel.is_set():
                raise TransferCancelled("The transfer was stopped.", "Xet keeps nothing; it begins anew.")
    finally:
        process.kill()
        answer, complaint = process.communicate()
    if process.returncode != 0:
        reason = complaint.strip().rpartition("\n")[2][:300] or "it said nothing"
        raise Unreachable(f"The hub's own client failed: {reason}", "Try again without --xet.")
    return Path(answer.strip()).resolve()


def _ended(process: subprocess.Popen[str]) -> bool:
    try:
        process.wait(TICK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _bytes_in(folder: Path) -> int:
    """What the files below the folder take on the disk, holes not counted."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_symlink() else path.stat().st_blocks * 512
        except OSError:
            continue
    return total


def _hash(path: Path, file: HubFile) -> str:
    digest = new_hash(file.etag, file.size_bytes)
    with open(path, "r+b") as content:
        while block := content.read(BLOCK_BYTES):
            digest.update(block)
        os.fsync(content.fileno())
    return digest.hexdigest()
