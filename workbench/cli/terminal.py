"""A status line on the terminal that standard error is connected to, below what is written there.

It shows nothing where there is no terminal. Knows nothing of models.
"""

from __future__ import annotations

import shutil
import sys
import time
import unicodedata
from collections.abc import Callable

from workbench.cli import output

_INTERVAL = 0.1
_CLEAR_BELOW = "\x1b[J"
_ROOM_BELOW = "\x1bD\x1b[A"
_SAVE, _RESTORE, _NEXT_ROW = "\x1b7", "\x1b8", "\x1b[B\r"


class _Pace:
    """Lets something happen at most once per interval."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._last < _INTERVAL:
            return False
        self._last = now
        return True


class StatusLine:
    """One line that is overwritten in place while work goes on."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._pace = _Pace()

    def show(self, text: str) -> None:
        if self._shown and self._pace.due():
            print(f"\r\x1b[K{_fitted(text)}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class StreamWithStatus:
    """Streams an answer to standard output and keeps a status line below it where both are terminals."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty() and sys.stderr.isatty()
        self._pace = _Pace()
        self._column = 0

    def write(self, text: str) -> None:
        self._put(text, output.write)

    def think(self, text: str) -> None:
        """What belongs before the answer and is no part of it."""
        if self._live:
            self._put(text, output.aside)
        else:
            output.aside(text)

    def _put(self, text: str, put: Callable[[str], None]) -> None:
        column, same_row = _after(self._column, text)
        if self._live and not same_row:
            _raw(_CLEAR_BELOW)
            self._pace = _Pace()
        put(text)
        self._column = column

    def status(self, text: str) -> None:
        # At the right margin the terminal holds the wrap back, and moving the cursor would lose it.
        if self._live and self._column < _columns() and self._pace.due():
            _raw(f"{_CLEAR_BELOW}{_ROOM_BELOW}{_SAVE}{_NEXT_ROW}{_fitted(text)}{_RESTORE}")

    def end(self) -> None:
        """Leave the cursor at the start of a fresh line with nothing below."""
        if self._live:
            _raw(_CLEAR_BELOW)
        if self._column:
            output.line()
        self._column = 0


def _raw(codes: str) -> None:
    sys.stderr.write(codes)
    sys.stderr.flush()


def _fitted(text: str) -> str:
    return output.styled(output.printable(text)[: _columns() - 1], output.DIM, sys.stderr)


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _after(column: int, text: str) -> tuple[int, bool]:
    """The cursor's column, which is the width while a wrap is held back, and whether the row stayed."""
    width, same_row = _columns(), True
    for character in text:
        step = 8 - column % 8 if character == "\t" else _cells(character)
        if character == "\n" or column + step > width:
            column, same_row = 0, False
        column += step
    return column, same_row


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character).startswith("C"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
