"""Let two files share their bytes on the disk: by a reflink, or by being the same file under two names.

A reflink is copy-on-write: the files stay apart and a change to one never shows in the other. It needs a file
system that has it (Btrfs, XFS, APFS, bcachefs). A hard link only needs both names to be on one file system,
but what is written to one of them is in both. Knows nothing of models.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

_FICLONE = 0x40049409
_FIEMAP = 0xC020660B
_REQUEST = struct.Struct("=QQIIII")  # start, length, flags, extents there are, extents asked for, reserved
_EXTENT = struct.Struct("=QQQ16xI12x")
_SYNC, _SHARED = 1, 0x2000
_MOST_EXTENTS = 512
_NO_REFLINKS = {
    errno.EOPNOTSUPP,
    errno.ENOTTY,
    errno.EINVAL,
    errno.EXDEV,
    errno.ENOSYS,
    errno.EPERM,
}


def reflink(source: Path, new: Path) -> bool:
    """Make `new` a reflink to source, with the bits and times of neither; False where there are none here."""
    try:
        if sys.platform == "darwin":
            _clone_file(source, new)
        else:
            _clone_blocks(source, new)
    except OSError as error:
        new.unlink(missing_ok=True)
        if error.errno in _NO_REFLINKS:
            return False
        raise
    return True


def looks_like(new: Path, old: Path) -> None:
    """Give the new file the old one's mode, times and, as far as that is allowed, owner."""
    shutil.copystat(old, new)
    state = old.stat()
    if (state.st_uid, state.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(new, state.st_uid, state.st_gid)


def bytes_on_disk(state: os.stat_result) -> int:
    """What a file takes: its size, or less where it has holes or is compressed."""
    return min(state.st_size, state.st_blocks * 512)


def shares_blocks(one: Path, other: Path) -> bool:
    """Whether both files lie in the same blocks already; False also where nobody can tell."""
    first, second = extents(one), extents(other)
    return bool(first) and first == second


def bytes_in_shared_blocks(path: Path) -> int:
    """How much of the file lies in blocks that another file has, too; 0 where nobody can tell."""
    return sum(extent.length for extent in extents(path) if extent.is_shared)


def _clone_blocks(source: Path, new: Path) -> None:
    import fcntl

    with open(source, "rb") as old, open(new, "xb") as file:
        fcntl.ioctl(file.fileno(), _FICLONE, old.fileno())


def _clone_file(source: Path, new: Path) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.clonefile(os.fsencode(source), os.fsencode(new), 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source))


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of a file: where it begins in the file and on the disk, and its length, in bytes."""

    start: int
    place: int
    length: int
    is_shared: bool


def extents(path: Path) -> list[Extent]:
    """Where the file lies on the disk, as Linux tells it, or [] where it does not. At most 512 pieces."""
    if sys.platform != "linux":
        return []
    import fcntl

    request = bytearray(_REQUEST.pack(0, 2**64 - 1, _SYNC, 0, _MOST_EXTENTS, 0))
    request += bytes(_EXTENT.size * _MOST_EXTENTS)
    try:
        with open(path, "rb") as file:
            fcntl.ioctl(file.fileno(), _FIEMAP, request)
    except OSError:
        return []
    count = min(_REQUEST.unpack_from(request)[3], _MOST_EXTENTS)
    end = _REQUEST.size + count * _EXTENT.size
    found = _EXTENT.iter_unpack(request[_REQUEST.size : end])
    return [Extent(start, at, length, bool(flags & _SHARED)) for start, at, length, flags in found if at]
