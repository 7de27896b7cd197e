"""The only writer to standard output, and the narration on standard error.

Standard output carries the answer and nothing else. What models say is stripped of control characters before
it reaches a terminal. Knows no command.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from workbench.errors import WorkbenchError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
DIM = "2"


def write(text: str, style: str = "") -> None:
    """A piece of the answer, at once; on a terminal that shows styles in that one."""
    shown = printable(text) if sys.stdout.isatty() else text
    try:
        sys.stdout.write(styled(shown, style, sys.stdout) if style else shown)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WorkbenchError(
            f"The output cannot be written: {error.strerror}.", "Check where it goes."
        ) from error


def line(text: str = "") -> None:
    write(f"{text}\n")


def document(value: Any) -> None:
    """One JSON document."""
    line(json.dumps(value, ensure_ascii=False, indent=2))


def json_line(value: Any) -> None:
    """One JSON document on a line of its own, at once."""
    line(json.dumps(value, ensure_ascii=False))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Columns padded to their widest cell; those in `right` are aligned to the right."""
    cells = [list(headings), *([on_one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        line("  ".join(padded).rstrip())


def note(text: str) -> None:
    """A line of narration."""
    print(styled(printable(text), DIM, sys.stderr), file=sys.stderr, flush=True)


def aside(text: str) -> None:
    """A piece of narration that goes on, at once."""
    sys.stderr.write(styled(printable(text), DIM, sys.stderr))
    sys.stderr.flush()


def styled(text: str, code: str, stream: TextIO) -> str:
    """The text in an ANSI style where the stream is a terminal and NO_COLOR is not set."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def printable(text: str) -> str:
    """The text without control characters other than tab and newline, which could steer the terminal."""
    return _CONTROL.sub("", text)


def on_one_line(text: str) -> str:
    """The text with everything that would end a line or steer the terminal as a visible escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
