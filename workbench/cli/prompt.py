"""The prompt of a one-shot command: what was written on the command line, and what was piped in.

Knows nothing of models.
"""

from __future__ import annotations

import os
import stat
import sys

import click


def assembled(argument: str | None) -> str:
    """The argument, then standard input where something is piped in; "-" stands for standard input alone."""
    piped = argument == "-" or _is_piped()
    if argument is None and not piped:
        raise click.UsageError("Give a PROMPT, or pipe one in.")
    parts = [] if argument in (None, "-") else [_whole_characters(str(argument))]
    if piped:
        parts.append(sys.stdin.buffer.read().decode(errors="replace").removesuffix("\n"))
    prompt = "\n\n".join(part for part in parts if part.strip())
    if not prompt:
        raise click.UsageError("The prompt is empty.")
    return prompt


def _is_piped() -> bool:
    """Whether standard input is a pipe, a socket or a file, rather than a terminal or nothing at all."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _whole_characters(argument: str) -> str:
    return argument.encode(errors="surrogateescape").decode(errors="replace")
