"""Asks the process that parses documents, and starts another where one did not survive a document."""

from __future__ import annotations

import atexit
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from workbench.datasets.documents.document import Document, DocumentLayout, Refusal
from workbench.datasets.documents.worker import LENGTH_BYTES, Request
from workbench.datasets.strict_json import Unreadable

SECONDS = 20.0
SECONDS_PER_MIB = 2.0
_decoder: msgspec.msgpack.Decoder[Document | Refusal] = msgspec.msgpack.Decoder(Document | Refusal)


class Extraction:
    """Owns the process, which is started when it is first needed.

    Attributes:
        seconds: What each document may take, and `seconds_per_mib` for each MiB of it beside that.
    """

    def __init__(self) -> None:
        self.seconds, self.seconds_per_mib = SECONDS, SECONDS_PER_MIB
        self._process: subprocess.Popen[bytes] | None = None

    def document(self, path: str, layout: DocumentLayout, encoding: str) -> Document:
        """Raises Unreadable, also for a document that took too long or ended the process."""
        seconds = self.seconds + self.seconds_per_mib * Path(path).stat().st_size / (1 << 20)
        process = self._running()
        answer = _asked(process, Request(path, layout, encoding, seconds))
        if answer is None:
            self.close()
            raise _died(process.returncode, seconds)
        if isinstance(answer, Refusal):
            raise Unreadable(answer.rule, answer.reason)
        return answer

    def close(self) -> None:
        """End the process. Idempotent."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            pipe = subprocess.PIPE
            worker = "workbench.datasets.documents.worker"
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", worker], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
            )
        return self._process


def _asked(process: subprocess.Popen[bytes], request: Request) -> Document | Refusal | None:
    """None where the process ended without an answer."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(request) + b"\n")
        process.stdin.flush()
        length = process.stdout.read(LENGTH_BYTES)
        answer = process.stdout.read(int.from_bytes(length, "little"))
        return _decoder.decode(answer)
    except (BrokenPipeError, msgspec.DecodeError):
        process.wait()
        return None


def _died(code: int, seconds: float) -> Unreadable:
    if code == -signal.SIGALRM:
        return Unreadable("time", f"It takes longer than {seconds:.0f} seconds to read.")
    return Unreadable("crash", "Reading it ended the process that read it.")


extraction = Extraction()
atexit.register(extraction.close)
