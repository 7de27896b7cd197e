"""One writer for each file, among all processes and tools; the others wait and see how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.models.transfer.disk import unwritable

POLL_SECONDS = 0.25


@contextmanager
def locked(path: Path, while_waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file at `path`. `while_waiting` is called now and then until it is free; it may raise."""
    from filelock import FileLock, SoftFileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    lock: FileLock | SoftFileLock = FileLock(path, mode=0o664)
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            while_waiting()
            time.sleep(POLL_SECONDS)
        except NotImplementedError:  # a file system without locks; the hub's client does the same
            lock = SoftFileLock(path)
        except OSError as error:
            raise unwritable(path, error) from error
    try:
        yield
    finally:
        lock.release()
