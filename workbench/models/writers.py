"""Whether somebody has a file open for writing, so that its name must not be given to other bytes now.

Linux answers through leases: a read lease is refused while a file is open for writing. Elsewhere, and where
leases are not allowed, the processes that may be looked at are asked what they have open.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


def is_being_written(path: Path) -> bool:
    """Whether a process has the file open for writing, as far as can be told. Raises OSError."""
    refused = _lease_is_refused(path)
    return _is_open(path) if refused is None else refused


def _lease_is_refused(path: Path) -> bool | None:
    """None where leases cannot be had: another system, another owner, a network file system."""
    try:
        from fcntl import F_RDLCK, F_SETLEASE, F_UNLCK, fcntl
    except ImportError:
        return None
    with open(path, "rb") as file:
        try:
            fcntl(file, F_SETLEASE, F_RDLCK)
            fcntl(file, F_SETLEASE, F_UNLCK)
        except OSError as error:
            return True if error.errno == errno.EAGAIN else None
    return False


def _is_open(path: Path) -> bool:
    import psutil

    real = os.path.realpath(path)
    for process in psutil.process_iter():
        try:
            opened = process.open_files()
        except (psutil.Error, OSError):
            continue
        if any(file.path == real and getattr(file, "mode", "r+") != "r" for file in opened):
            return True
    return False
