"""The worker process: computes and is watched, so that no crash of llama.cpp harms anybody.

python -m workbench_llama_cpp.profiling.worker
"""

from __future__ import annotations

from workbench_llama_cpp.job_worker import Say, serve
from workbench_llama_cpp.profiling import messages
from workbench_llama_cpp.profiling.passes import profile


def _do(body: bytes, say: Say) -> None:
    found = profile(messages.job(body).request, lambda doing: say(messages.Step(doing)))
    say(messages.Found(found))


if __name__ == "__main__":
    serve(_do, lambda: None)
