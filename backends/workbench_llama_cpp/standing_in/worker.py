"""The worker process: makes noise with ggml, so that no crash of it harms anybody.

python -m workbench_llama_cpp.standing_in.worker
"""

from __future__ import annotations

from workbench_llama_cpp.job_worker import Say, serve
from workbench_llama_cpp.standing_in import messages
from workbench_llama_cpp.standing_in.noise import noise


def _do(body: bytes, say: Say) -> None:
    say(messages.Noise({number: noise(number) for number in messages.job(body).types}))


if __name__ == "__main__":
    serve(_do, lambda: None)
