"""Files that are written whole or not at all, so that nobody ever reads half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, *, durable: bool = False, shared: bool = False) -> Iterator[BinaryIO]:
    """A new file that, once done, takes the place of what may be at `path`; its folder is made if need be.

    `durable` waits until it is on the disk, so that it is whole after a loss of power. `shared` files may be
    read by whoever may read the user's other files, and are else the user's alone. Raises OSError, and then
    leaves nothing behind and what was there as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with open(handle, "wb") as file:
            yield file
            if shared:
                os.umask(umask := os.umask(0o077))
                os.fchmod(file.fileno(), 0o666 & ~umask)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """As whole_file, for a content that is at hand."""
    with whole_file(path, durable=durable) as file:
        file.write(content)
