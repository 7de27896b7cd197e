"""Replace a copy by something that shares the bytes of another file: a reflink, else a hard link.

The replacement is made beside the copy, compared with it to the last byte, and takes its name in one step, so
that at each moment the name leads to a whole file. What is open for writing or has changed is left alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench.models.block_sharing import looks_like, reflink
from workbench.models.duplicates import Advance, Duplicate, FileOnDisk, same_bytes
from workbench.models.transfer.disk import flush_folder
from workbench.models.writers import is_being_written

Way = Literal["reflink", "hard link", ""]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the copy now shares its bytes, or "" and why it does not."""

    way: Way
    freed_bytes: int = 0
    reason: str = ""


def share(duplicate: Duplicate, advance: Advance, *, only_reflink: bool = False) -> Outcome:
    """Let all names of the copy share the kept file's bytes."""
    keep, copy = duplicate.keep, duplicate.copy
    if duplicate.obstacle:
        return Outcome("", reason=duplicate.obstacle)
    way: Way = ""
    try:
        for name in copy.names:
            way, reason = _replace(keep, copy, name, advance, only_reflink)
            if not way:
                return Outcome("", reason=reason)
    except OSError as error:
        return Outcome("", reason=f"{copy.path} is left as it is: {error.strerror}.")
    return Outcome(way, duplicate.saves_bytes)


def _replace(
    keep: FileOnDisk, copy: FileOnDisk, name: Path, advance: Advance, only_reflink: bool
) -> tuple[Way, str]:
    new = name.with_name(f".{name.name}.workbench-shared")
    new.unlink(missing_ok=True)  # left by a process that was killed
    try:
        way = _made(keep, copy, new, only_reflink)
        if not way:
            return "", _no_way(keep, copy, name)
        if not same_bytes(new, name, advance):
            return "", f"{name} is not the same as {keep.path} to the last byte."
        if reason := _disturbed(keep, copy, name):
            return "", reason
        if way == "hard link":
            _widen(keep.path, name)
        os.replace(new, name)
    finally:
        new.unlink(missing_ok=True)
    flush_folder(name.parent)
    return way, ""


def _made(keep: FileOnDisk, copy: FileOnDisk, new: Path, only_reflink: bool) -> Way:
    """Make the replacement under a name of its own."""
    if reflink(keep.path, new):
        looks_like(new, copy.path)
        return "reflink"
    if only_reflink or keep.owner != copy.owner:
        return ""
    os.link(keep.path, new)
    return "hard link"


def _no_way(keep: FileOnDisk, copy: FileOnDisk, name: Path) -> str:
    if keep.owner != copy.owner:
        return f"{name} and {keep.path} belong to different users, and there are no reflinks here."
    return f"There are no reflinks on the file system of {name}."


def _disturbed(keep: FileOnDisk, copy: FileOnDisk, name: Path) -> str:
    """Why not to go on now, or ""."""
    for file, path in ((keep, keep.path), (copy, name)):
        if is_being_written(path):
            return f"{path} is open for writing."
        if not file.is_unchanged(path):
            return f"{path} has changed in the meantime."
    return ""


def _widen(keep: Path, name: Path) -> None:
    """Whoever could read the copy can read what takes its place."""
    mode, wanted = keep.stat().st_mode & 0o7777, name.stat().st_mode & 0o444
    if mode | wanted != mode:
        os.chmod(keep, mode | wanted)
