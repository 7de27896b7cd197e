"""Files in the making: under a hidden name beside where they belong, and gone when they are not finished.

The name holds the process that makes them, so that what a loss of power left is known as such and goes the
next time something is made there.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from workbench.models.transfer.disk import unwritable

_NAME = re.compile(r"\..*\.(\d+)-[0-9a-f]{8}\.making(-\d{5}-of-\d{5}\.gguf)?")
_REMEDY = "Make room, or give another folder with -o."


@contextmanager
def in_the_making(target: Path) -> Iterator[Path]:
    """A name to write to; what begins with it and was not moved away is removed. Raises NoSpace."""
    unfinished = target.with_name(f".{target.stem[:80]}.{os.getpid()}-{secrets.token_hex(4)}.making")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        unfinished.touch()
    except OSError as error:
        raise unwritable(target, error, _REMEDY) from error
    try:
        yield unfinished
    finally:
        for path in target.parent.iterdir():
            if path.name.startswith(unfinished.name):
                path.unlink(missing_ok=True)


def finish(made: dict[Path, Path]) -> None:
    """Give each file its name, all that is needed being written. Raises NoSpace."""
    for unfinished, path in made.items():
        try:
            os.replace(unfinished, path)
        except OSError as error:
            raise unwritable(path, error, _REMEDY) from error


def _sweep(folder: Path) -> None:
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match and not psutil.pid_exists(int(match[1])):
            with suppress(OSError):
                path.unlink()
