"""The worker process: goes through loading models that are not there, so that no crash of it harms anybody.

Questions come on standard input, answers leave on the standard output it was started with. When the input
ends, the process ends at once, whatever it is doing.

    python -m workbench_llama_cpp.estimating.worker [--log]    --log: leave llama.cpp's own breakdown alone
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections import deque
from typing import BinaryIO

from workbench.errors import Unsupported, WorkbenchError
from workbench_llama_cpp.binding import import_c_functions_alone, log
from workbench_llama_cpp.estimating import messages, proof
from workbench_llama_cpp.estimating.measuring import Measuring, cards_for
from workbench_llama_cpp.estimating.projector import measure_projector
from workbench_llama_cpp.frames import Refused, frame, read_body

_LOG_LINES = 200_000
"""The log tells a layer's device in one line each, among many others."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not reach the pipe
    questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, questions), daemon=True).start()
    log.lines = deque(maxlen=_LOG_LINES)
    import_c_functions_alone()
    measuring = _first_answer(answers, exact="--log" not in sys.argv)
    while True:
        answer = _answer(measuring, messages.question(questions.get()))
        _send(answers, answer)


def _listen(stream: BinaryIO, questions: queue.SimpleQueue[bytes]) -> None:
    while (body := read_body(stream)) is not None:
        questions.put(body)
    os._exit(0)


def _first_answer(answers: BinaryIO, exact: bool) -> Measuring:
    try:
        if not proof.shells_are_empty():
            raise Unsupported(
                "This llama.cpp is laid out in another way than that with which memory can be estimated.",
                "Install llama-cpp-python 0.3.36.",
            )
        exact = exact and proof.breakdown_is_read_rightly()
    except WorkbenchError as error:
        _send(answers, _refused(error))
        raise SystemExit(str(error)) from error
    _send(answers, messages.Ready(exact))
    return Measuring(exact)


def _answer(measuring: Measuring, question: messages.Question) -> messages.Answer:
    try:
        with cards_for(question.gpus) as cards:
            if isinstance(question, messages.MeasureModel):
                return measuring.measure(question, cards)
            return measure_projector(question, cards)
    except WorkbenchError as error:
        return _refused(error)


def _refused(error: WorkbenchError) -> Refused:
    return Refused(error.kind, error.message, error.remedy)


def _send(answers: BinaryIO, answer: messages.Answer) -> None:
    answers.write(frame(answer))
    answers.flush()


if __name__ == "__main__":
    main()
