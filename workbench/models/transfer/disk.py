"""What the disk allows: room, the sentences for when it refuses, and names that outlive a loss of power."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from workbench.errors import NoSpace, WorkbenchError

_KEPT = "What has arrived is kept; make room and start it again."
_MORE_ROOM = "Make room, for which `workbench rm` and `workbench dedupe` can help, or set HF_HUB_CACHE."


def flush_folder(folder: Path) -> None:
    """Make new names in the folder outlive a loss of power, where the system knows how."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def unwritable(path: Path, error: OSError, remedy: str = _KEPT) -> WorkbenchError:
    """The error for a file that the system did not let us write."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            message = f"The disk is full: {path.parent} has no room left."
        case errno.EFBIG:
            message = f"The system allows no larger file: {path} was stopped at its limit."
        case errno.EROFS | errno.EACCES | errno.EPERM:
            message = f"{path.parent} may not be written to."
        case _:
            return WorkbenchError(f"{path} cannot be written: {error.strerror}.", "Check the disk.")
    return NoSpace(message, remedy)


def check_space(folder: Path, needed: int, remedy: str = _MORE_ROOM) -> None:
    """Raise NoSpace when the disk that holds the folder, or will, has less than `needed` bytes free."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise NoSpace(
            f"{needed:,} bytes are still to come and {there} has {free:,} free: "
            f"{needed - free:,} bytes are missing.",
            remedy,
        )
