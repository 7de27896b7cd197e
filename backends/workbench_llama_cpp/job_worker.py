"""A process for jobs that take long, from inside: one job after the other, until its owner is gone.

Jobs come on standard input, what is said of them leaves on the standard output it was started with. When the
input ends, the process ends at once, whatever it is doing. Knows no job.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from workbench.errors import WorkbenchError
from workbench_llama_cpp.binding import import_c_functions_alone
from workbench_llama_cpp.frames import Message, Refused, frame, read_body

Say = Callable[[Message], None]


def serve(do: Callable[[bytes, Say], None], abandon: Callable[[], None]) -> None:
    """Do each job; a WorkbenchError is said. `abandon` cleans up before a sudden end, on another thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not reach the pipe
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, jobs, abandon), daemon=True).start()
    import_c_functions_alone()

    def say(message: Message) -> None:
        said.write(frame(message))
        said.flush()

    while True:
        job = jobs.get()
        try:
            do(job, say)
        except WorkbenchError as error:
            say(Refused(error.kind, error.message, error.remedy))


def _listen(stream: BinaryIO, jobs: queue.SimpleQueue[bytes], abandon: Callable[[], None]) -> None:
    while (job := read_body(stream)) is not None:
        jobs.put(job)
    abandon()
    os._exit(0)
