"""A process for jobs that take long, as its owner sees it: it is ended when nobody wants the job any more.

Each job is one message; what the process says of it comes one by one. Knows no job.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import IO

from workbench.errors import EngineDied
from workbench_llama_cpp.frames import LENGTH, Message, frame
from workbench_llama_cpp.last_words import how_it_ended

TICK_SECONDS = 0.5

Take = Callable[[bytes | None], bool]
"""Given each thing that is said, and None now and then; returns whether the job is done. May raise."""


class JobProcess:
    """One job at a time. Started by the first; its own session, so that Ctrl+C reaches its owner alone."""

    def __init__(self, module: str, doing: str, handles: Sequence[int] = ()) -> None:
        """`module` runs in it, with these open files; `doing` is for the sentence about its death."""
        self._module, self._doing, self._handles = module, doing, handles
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def last_words(self) -> str:
        """How it ended, and what it said last; waits for the end."""
        assert self._process is not None and self._errors is not None
        return how_it_ended(self._process, self._errors)

    def run(self, job: Message, take: Take) -> None:
        """Raises what `take` raises, and EngineDied; then the process is gone."""
        try:
            self._send(frame(job))
            while not take(self._next(take)):
                pass
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process at once. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _send(self, data: bytes) -> None:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(data)
        except OSError:
            raise self._death() from None

    def _start(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            start_new_session=True,
            pass_fds=self._handles,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
        return self._process

    def _next(self, take: Take) -> bytes:
        (length,) = LENGTH.unpack(self._bytes(LENGTH.size, take))
        return self._bytes(length, take)

    def _bytes(self, count: int, take: Take) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        data = b""
        while len(data) < count:
            if not select.select([self._process.stdout], [], [], TICK_SECONDS)[0]:
                take(None)
                continue
            piece = self._process.stdout.read(count - len(data))
            if not piece:
                raise self._death()
            data += piece
        return data

    def _death(self) -> EngineDied:
        return EngineDied(
            f"llama.cpp's process ended while it {self._doing} ({self.last_words()}).",
            "The file may be damaged or of a new kind: try another one, or other settings.",
        )
