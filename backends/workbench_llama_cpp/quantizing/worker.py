"""The worker process: plans and writes quantized files, so that no crash of llama.cpp harms anybody.

python -m workbench_llama_cpp.quantizing.worker
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from workbench_llama_cpp.binding import log
from workbench_llama_cpp.job_worker import Say, serve
from workbench_llama_cpp.quantizing import messages
from workbench_llama_cpp.quantizing.call import prepared
from workbench_llama_cpp.quantizing.planning import plan

_TENSOR = re.compile(r"\[ *\d+/ *\d+\] (.+?) +- \[")


class _Work:
    """What is being written now, if anything."""

    def __init__(self) -> None:
        self.target: Path | None = None

    def do(self, body: bytes, say: Say) -> None:
        job = messages.job(body)
        match job:
            case messages.Plan(request):
                say(messages.Planned(plan(request)))
            case messages.Quantize(request, target):
                self.target = Path(target)
                log.watch = lambda line: _tell(line, say)
                prepared(request).run(target, dry=False)
                self.target = None
                say(messages.Written())

    def abandon(self) -> None:
        if self.target is not None:
            remove(self.target)


def remove(target: Path) -> None:
    """What there is of a file that was not finished, or of its shards, whose names begin as it does."""
    for path in target.parent.iterdir():
        if path.name.startswith(target.name):
            with suppress(OSError):
                path.unlink()


def _tell(line: str, say: Say) -> None:
    if match := _TENSOR.match(line):
        say(messages.At(match[1]))


if __name__ == "__main__":
    work = _Work()
    serve(work.do, work.abandon)
