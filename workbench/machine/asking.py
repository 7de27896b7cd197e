"""Ask another program, for a bounded time: a driver that hangs must not hang whoever looks at the machine.

Knows nothing of what is asked.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

_MOST_BYTES = 4 * 2**20
_SECONDS_TO_DIE = 1.0


class Unanswered(Exception):
    """No usable answer came; the text says why, in a sentence."""


def output_of(command: Sequence[str], seconds: float) -> str:
    """What the program writes. Raises Unanswered when it is missing, fails, or takes longer."""
    name = os.path.basename(command[0])
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as words:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=words, start_new_session=True
            )
        except OSError as error:
            raise Unanswered(f"{name} cannot be started: {error.strerror}.") from error
        try:
            code = process.wait(seconds)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise Unanswered(f"{name} gave no answer within {seconds:g} seconds.") from None
            raise
        if code:
            raise Unanswered(f"{name} {_ending(code)}{_last_line(words)}")
        output.seek(0)
        return output.read(_MOST_BYTES).decode(errors="replace")


def answer_of(module: str, *arguments: str, seconds: float) -> str:
    """What one of our own modules writes when run as a program."""
    try:
        return output_of((sys.executable, "-m", module, *arguments), seconds)
    except Unanswered as error:
        told = str(error).replace(os.path.basename(sys.executable), "The probe", 1)
        raise Unanswered(told) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and all it started. One that waits inside a driver is left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_DIE)


def _ending(code: int) -> str:
    return f"was ended by signal {-code}." if code < 0 else f"failed with exit code {code}."


def _last_line(words: IO[bytes]) -> str:
    words.seek(max(0, words.seek(0, os.SEEK_END) - 4096))
    lines = words.read().decode(errors="replace").split("\n")
    return next((f" It said: {line.strip()[:200]}" for line in reversed(lines) if line.strip()), "")
