"""What a person says, one line at a time, from a terminal with line editing or from a pipe.

Knows nothing of what the lines mean.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from workbench.cli import output

_PROMPT = "> "


def chat_lines(earlier: Sequence[str]) -> Iterator[str]:
    """Lines without surrounding space, to the end of the input; `earlier` ones can be called up again."""
    return _typed_lines(earlier) if sys.stdin.isatty() else _piped_lines()


def _piped_lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode(errors="replace").strip()


def _typed_lines(earlier: Sequence[str]) -> Iterator[str]:
    _call_up(earlier)
    while True:
        try:
            line = _typed()
        except EOFError:
            print(file=sys.stderr)
            return
        except KeyboardInterrupt:
            print(file=sys.stderr)
            output.note("Ctrl+D or /exit leaves.")
            continue
        yield line.strip()


def _typed() -> str:
    if sys.stdout.isatty():
        return input(_PROMPT)
    # input() would write its prompt to standard output, among the answers.
    print(_PROMPT, end="", file=sys.stderr, flush=True)
    return input()


def _call_up(earlier: Sequence[str]) -> None:
    with suppress(ImportError):
        import readline

        for line in earlier:
            readline.add_history(line.replace("\n", " "))
