"""The worker process as its owner sees it: started at the first question, and again after it died.

It is given its time and no more; what it said last is kept for the message. Not for several threads at once.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import IO

from workbench.errors import EngineDied, WorkbenchError, error_of_kind
from workbench_llama_cpp.estimating import messages
from workbench_llama_cpp.frames import LENGTH, Refused, frame
from workbench_llama_cpp.last_words import how_it_ended

START_SECONDS = 60.0
ANSWER_SECONDS = 60.0
_MODULE = "workbench_llama_cpp.estimating.worker"
_QUIET = {"GGML_NO_BACKTRACE": "1", "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"}


class _Died(Exception):
    """The helper ended, or was ended, instead of answering; the text says how."""

    def __init__(self, how: str, *, slow: bool = False) -> None:
        super().__init__(how)
        self.slow = slow


class HelperProcess:
    """Answers questions one after the other. Costs nothing before the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._last_words: IO[bytes] | None = None
        self._options: tuple[str, ...] = ()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Before there is a question. What goes wrong now goes wrong again with the first one."""
        if self._process is None:
            with suppress(_Died, WorkbenchError):
                self._start()

    def ask(self, question: messages.Question) -> messages.Measured:
        """Raises what the helper refused with, and EngineDied when it dies over the question twice."""
        try:
            return self._ask_once(question)
        except _Died as death:
            if death.slow:
                raise _told(death) from None
        try:
            return self._ask_once(question)
        except _Died as death:
            raise _told(death) from None

    def close(self) -> None:
        """End the process at once. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        if self._last_words is not None:
            self._last_words.close()
            self._last_words = None

    def _ask_once(self, question: messages.Question) -> messages.Measured:
        if self._process is None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(frame(question))
        except OSError:
            raise self._death() from None
        answer = self._read(ANSWER_SECONDS)
        if isinstance(answer, Refused):
            raise error_of_kind(answer.kind, answer.message, answer.remedy)
        assert isinstance(answer, messages.Measured)
        return answer

    def _start(self) -> None:
        """One that dies while proving that it reads memory rightly is started again, not to read it."""
        try:
            self._start_with()
        except _Died as death:
            if death.slow or self._options:
                raise
            self._options = ("--log",)
            self._start_with()

    def _start_with(self) -> None:
        self._last_words = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._last_words,
            bufsize=0,
            env={**os.environ, **_QUIET},
        )
        answer = self._read(START_SECONDS)
        if isinstance(answer, Refused):
            self.close()
            raise error_of_kind(answer.kind, answer.message, answer.remedy)

    def _read(self, patience: float) -> messages.Answer:
        deadline = time.monotonic() + patience
        (length,) = LENGTH.unpack(self._bytes(LENGTH.size, deadline))
        return messages.answer(self._bytes(length, deadline))

    def _bytes(self, count: int, deadline: float) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        data = b""
        while len(data) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                self.close()
                raise _Died("it took too long", slow=True)
            piece = self._process.stdout.read(count - len(data))
            if not piece:
                raise self._death()
            data += piece
        return data

    def _death(self) -> _Died:
        """How the process ended, once it has."""
        assert self._process is not None and self._last_words is not None
        how = how_it_ended(self._process, self._last_words)
        self.close()
        return _Died(how)


def _told(death: _Died) -> EngineDied:
    return EngineDied(
        f"llama.cpp's helper process ended while it worked out the memory ({death}).",
        "The file may be damaged or of a new kind: try another one, or other settings.",
    )
