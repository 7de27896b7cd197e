"""How far long work is: on a terminal all the time, elsewhere in a line now and then."""

from __future__ import annotations

import sys
import time

from workbench.cli import output
from workbench.cli.terminal import StatusLine

_SECONDS = 30.0


class News:
    """What is told replaces what was told before."""

    def __init__(self) -> None:
        self._line = StatusLine()
        self._began = self._told = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def tell(self, text: str) -> None:
        self._line.show(text)
        now = time.monotonic()
        if not sys.stderr.isatty() and now - self._told >= _SECONDS:
            self._told = now
            output.note(text)

    def end(self) -> None:
        self._line.clear()
