"""`workbench quantize` against llama.cpp's quantizer called bare, in turn: time, and the same bytes.

    python tests/benchmarks/quantize.py [--peer llama-quantize] [--model F16.gguf] [--types Q4_K_M Q8_0]

Bare is `llama-quantize` where it is given, else a process that calls the library and nothing else. Ours is
the whole command, twice: without provenance, when the files must be identical, and with it, when the source
is hashed as well since nothing is recorded of it. A ratio is the median of each round's, by the wall clock
and by processor time, which other programs disturb less. The command takes a third of a second to start
and to plan, whatever the model's size, so that only files of some size tell much.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from random_model import write_random_model

BARE = """
import ctypes, os, sys
from llama_cpp import llama_cpp as functions
functions.llama_backend_init()
parameters = functions.llama_model_quantize_default_params()
parameters.ftype = getattr(functions, "LLAMA_FTYPE_MOSTLY_" + sys.argv[3])
sys.exit(functions.llama_model_quantize(
    os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), ctypes.byref(parameters)))
"""


Seconds = tuple[float, float]
"""By the wall clock and of processor time."""


def seconds(command: list[str], target: Path, home: Path) -> Seconds:
    """Of writing `target` anew: to replace a file takes longer."""
    target.unlink(missing_ok=True)
    started, worked = time.perf_counter(), processor_seconds()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "WORKBENCH_HOME": str(home)})
    return time.perf_counter() - started, processor_seconds() - worked


def processor_seconds() -> float:
    """Of all processes started from here that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bare(peer: str | None, source: Path, target: Path, kind: str) -> list[str]:
    start = [peer] if peer else [sys.executable, "-c", BARE]
    return [*start, str(source), str(target), kind]


def ours(source: Path, target: Path, kind: str, *options: str) -> list[str]:
    command = [sys.executable, "-m", "workbench", "quantize", str(source), kind]
    return [*command, "-o", str(target), *options]


def compare(source: Path, folder: Path, kind: str, peer: str | None, rounds: int) -> str:
    """A row of medians and ratios."""
    theirs, plain, told = (folder / name for name in ("theirs.gguf", "plain.gguf", "told.gguf"))
    times = []
    for number in range(rounds):
        home = folder / f"home-{kind}-{number}"
        times.append(
            (
                seconds(bare(peer, source, theirs, kind), theirs, home),
                seconds(ours(source, plain, kind, "--no-provenance"), plain, home),
                seconds(ours(source, told, kind), told, home),
            )
        )
    same = "identical" if filecmp.cmp(theirs, plain, shallow=False) else "DIFFERENT"
    first, second, third = (median(wall for wall, _ in column) for column in zip(*times, strict=True))
    plainly, told_so = (ratios(times, which) for which in (1, 2))
    return f"| {kind} | {first:.2f} | {second:.2f} | {plainly} | {third:.2f} | {told_so} | {same} |"


def ratios(rounds: list[tuple[Seconds, ...]], which: int) -> str:
    wall, worked = (median(row[which][clock] / row[0][clock] for row in rounds) for clock in (0, 1))
    return f"{wall:.3f}x | {worked:.3f}x"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="The command against llama.cpp's quantizer called bare.")
    parser.add_argument("--peer", help="the path of llama-quantize, of the same version")
    parser.add_argument("--model", type=Path, help="a GGUF file in F16; else one of 1 GB is made")
    parser.add_argument("--types", nargs="+", default=["Q4_K_M", "Q8_0"])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = arguments.model or Path(folder) / "random.gguf"
        if arguments.model is None:
            write_random_model("qwen2.5-0.5b", source, "F16")
        print("| type | bare, s | ours, s | ratio | CPU | with provenance, s | ratio | CPU | bytes |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
        for kind in arguments.types:
            row = compare(source, Path(folder), kind, arguments.peer, arguments.rounds)
            print(row, flush=True)


if __name__ == "__main__":
    main()
