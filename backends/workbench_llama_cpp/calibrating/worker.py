"""The worker process: evaluates a text, so that no crash of llama.cpp harms anybody.

python -m workbench_llama_cpp.calibrating.worker
"""

from __future__ import annotations

from workbench_llama_cpp.calibrating import messages
from workbench_llama_cpp.calibrating.evaluation import calibrate
from workbench_llama_cpp.job_worker import Say, serve


def _do(body: bytes, say: Say) -> None:
    calibrate(messages.job(body).request, lambda done, total: say(messages.At(done, total)))
    say(messages.Measured())


if __name__ == "__main__":
    serve(_do, lambda: None)
