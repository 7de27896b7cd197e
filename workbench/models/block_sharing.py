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
from pathlib import Path

_FICLONE = 0x40049409
_FIEMAP = 0xC020660B
_FIEMAP_SYNC = 1
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
    first, second = _extents(one), _extents(other)
    return bool(first) and first == second


def _clone_blocks(source: Path, new: Path) -> None:
    import fcntl

    with open(source, "rb") as old, open(new, "xb") as file:
        fcntl.ioctl(file.fileno(), _FICLONE, old.fileno())


def _clone_file(source: Path, new: Path) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.clonefile(os.fsencode(source), os.fsencode(new), 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source))


def _extents(path: Path) -> list[tuple[int, int, int]]:
    """Where the file's pieces lie on the disk, as Linux tells it, or [] where it does not."""
    if sys.platform != "linux":
        return []
    import fcntl

    request = bytearray(struct.pack("=QQIIII", 0, 2**64 - 1, _FIEMAP_SYNC, 0, _MOST_EXTENTS, 0))
    request += bytes(56 * _MOST_EXTENTS)
    try:
        with open(path, "rb") as file:
            fcntl.ioctl(file.fileno(), _FIEMAP, request)
    except OSError:
        return []
    (count,) = struct.unpack_from("=I", request, 20)
    places = range(32, 32 + 56 * min(count, _MOST_EXTENTS), 56)
    found = (struct.unpack_from("=QQQ", request, place) for place in places)
    return [(logical, physical, length) for logical, physical, length in found if physical]
