"""The trial process as its owner sees it: started at the first grammar, and again after one ended it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
from contextlib import suppress

import msgspec

from workbench.constraining.finding import Finding
from workbench.errors import InvalidConstraint

PATIENCE_SECONDS = 60.0
"""The system ends a trial after its processor time; this is for a machine that gives it none."""

_MODULE = "workbench.constraining.trial"
_decoder = msgspec.json.Decoder(Finding)


class TrialProcess:
    """Tries one grammar after the other; threads wait for each other."""

    def __init__(self, size: int, control: dict[int, str]) -> None:
        """For a vocabulary of that size with these control tokens."""
        self._vocabulary = json.dumps([size, control])
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def finding(self, grammar: str) -> Finding:
        """Raises InvalidConstraint when the grammar takes too much."""
        with self._lock:
            process = self._process or self._start()
            if said := _answer(process, grammar):
                return _decoder.decode(said)
            self._end(process)
            raise InvalidConstraint(
                "The constraint takes too much time or memory: it nests too deeply or repeats too often.",
                "Ask for a simpler form.",
            )

    def close(self) -> None:
        """End the process. Idempotent."""
        with self._lock:
            if self._process is not None:
                self._end(self._process)

    def _start(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdin
        print(self._vocabulary, file=self._process.stdin, flush=True)
        return self._process

    def _end(self, process: subprocess.Popen[str]) -> None:
        self._process = None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what the process has not read any more
                pipe.close()  # type: ignore[union-attr]


def _answer(process: subprocess.Popen[str], grammar: str) -> str:
    """A line, or nothing when the process ended instead."""
    assert process.stdin and process.stdout
    try:
        print(json.dumps(grammar), file=process.stdin, flush=True)
        in_time, _, _ = select.select([process.stdout], [], [], PATIENCE_SECONDS)
        return process.stdout.readline() if in_time else ""
    except OSError:
        return ""
