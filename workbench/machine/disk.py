"""How fast the disk under a folder is read, past the cache of the system, which would answer from memory.

    python -m workbench.machine.disk FOLDER    prints bytes a second and how they were read, as JSON

Measured in a process of its own, because a disk on the network can hang. Knows nothing of models.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from workbench.errors import WorkbenchError
from workbench.machine.asking import Unanswered, answer_of
from workbench.machine.measurements import Measurement, keep, recall

_BLOCK = 8 * 2**20
_SAMPLE_BYTES = 128 * 2**20
_LEAST_BYTES = 64 * 2**20
_MOST_FILES = 2000
_SECONDS, _PATIENCE = 1.5, 30.0
_F_NOCACHE = 48
"""macOS: read past the cache; the fcntl module does not name it."""


def recalled(folder: Path) -> Measurement | None:
    return recall(f"disk read {folder}", str(folder))


def measure(folder: Path) -> Measurement:
    """Bytes a second. Raises WorkbenchError with the reason when it cannot be measured."""
    try:
        found = json.loads(answer_of("workbench.machine.disk", str(folder), seconds=_PATIENCE))
        speed, how = float(found["bytes_per_second"]), str(found["how"])
    except Unanswered as error:
        raise WorkbenchError(f"The disk under {folder} is not measured: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WorkbenchError(f"The disk under {folder} is not measured: no number came.") from error
    return keep(f"disk read {folder}", str(folder), speed, how)


def read_speed(folder: Path, seconds: float = _SECONDS) -> tuple[float, str]:
    """Bytes a second and how they were read, from a large file there or one made for it. Raises OSError."""
    with _sample(folder) as sample:
        descriptor, how = _opened(sample)
        try:
            return _timed(descriptor, os.fstat(descriptor).st_size, seconds), how
        finally:
            os.close(descriptor)


@contextmanager
def _sample(folder: Path) -> Iterator[Path]:
    """A file of some size; a written one is removed again."""
    largest = max(_large_files(folder), default=None)
    if largest is not None:
        yield largest[1]
        return
    while not folder.exists():
        folder = folder.parent
    with NamedTemporaryFile(dir=folder, prefix=".workbench-disk-test-") as file:
        block = os.urandom(_BLOCK)
        for _ in range(_SAMPLE_BYTES // _BLOCK):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        yield Path(file.name)


def _large_files(folder: Path) -> Iterator[tuple[int, Path]]:
    for count, path in enumerate(folder.rglob("*") if folder.is_dir() else ()):
        if count >= _MOST_FILES:
            return
        if path.is_file() and (size := path.stat().st_size) >= _LEAST_BYTES:
            yield size, path


def _opened(file: Path) -> tuple[int, str]:
    if hasattr(os, "O_DIRECT"):
        try:
            return os.open(file, os.O_RDONLY | os.O_DIRECT), "read past the cache"
        except OSError:  # some file systems, tmpfs among them, do not offer it
            pass
    descriptor = os.open(file, os.O_RDONLY)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        return descriptor, "read after dropping the cache"
    import fcntl

    fcntl.fcntl(descriptor, _F_NOCACHE, 1)
    return descriptor, "read past the cache"


def _timed(descriptor: int, size: int, seconds: float) -> float:
    """Blocks one after the other until the time or the file is over, into aligned memory as O_DIRECT asks."""
    read, started = 0, time.perf_counter()
    with mmap.mmap(-1, _BLOCK) as block:
        while read + _BLOCK <= size and (elapsed := time.perf_counter() - started) < seconds:
            got = os.preadv(descriptor, [block], read)
            if not got:
                break
            read += got
    elapsed = time.perf_counter() - started
    if not read:
        raise OSError("nothing could be read")
    return read / elapsed


def main() -> int:
    try:
        speed, how = read_speed(Path(sys.argv[1]))
    except OSError as error:
        print(error.strerror or error, file=sys.stderr)
        return 1
    print(json.dumps({"bytes_per_second": speed, "how": how}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
