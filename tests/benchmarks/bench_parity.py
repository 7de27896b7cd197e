"""Measure with `workbench bench` and with llama-bench, in turns on the same machine, and print the ratios.

    python tests/benchmarks/bench_parity.py LLAMA_BENCH MODEL.gguf...

Both are given the same sizes, and nothing else: they choose threads, batches, flash attention and the type of
the cache by themselves. Each round starts each of them once, in an order that changes, and takes
the mean of its repetitions as llama-bench does; a ratio is that of the medians over the rounds. A round in
which other programs took more than a tenth of a core is done again, a few times at most, and what they took
is shown. servers.py says how llama-bench is built: with the same sources and flags as the library.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, median

from workbench.machine.disturbance import Disturbance

Speeds = dict[str, float]
ATTEMPTS, TOLERATED_CORES = 4, 0.1


def ours(model: Path, sizes: Mapping[str, int]) -> Speeds:
    options = [f"--{name}={value}" for name, value in sizes.items()]
    told = _json(
        [
            sys.executable,
            "-m",
            "workbench",
            "bench",
            str(model),
            *options,
            "--no-profile",
            "--no-history",
            "--json",
        ]
    )
    return {_named(row["test"], row["depth"]): mean(row["samples"]) for row in told["results"]}


def llama_bench(program: str, model: Path, sizes: Mapping[str, int]) -> Speeds:
    flags = {"prompt": "-p", "generate": "-n", "depth": "-d", "repetitions": "-r"}
    options = [part for name, value in sizes.items() for part in (flags[name], str(value))]
    rows = _json([program, "-m", str(model), *options, "-o", "json"])
    tests = [f"pp{row['n_prompt']}" if row["n_prompt"] else f"tg{row['n_gen']}" for row in rows]
    return {_named(test, row["n_depth"]): row["avg_ts"] for test, row in zip(tests, rows, strict=True)}


def _json(command: list[str]):
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _named(test: str, depth: int) -> str:
    return f"{test} @ {depth}" if depth else test


def undisturbed(measure: Callable[[], Speeds]) -> tuple[Speeds, float]:
    """The speeds, and the cores that others took meanwhile; what is measured is a child of this process."""
    for _ in range(ATTEMPTS):
        disturbance = Disturbance()
        speeds = measure()
        taken = disturbance.so_far().others_cores
        if taken <= TOLERATED_CORES:
            break
    return speeds, taken


def compare(program: str, model: Path, sizes: Mapping[str, int], rounds: int) -> None:
    sides: list[tuple[str, Callable[[], Speeds]]] = [
        ("workbench", lambda: ours(model, sizes)),
        ("llama-bench", lambda: llama_bench(program, model, sizes)),
    ]
    found: dict[str, list[Speeds]] = {name: [] for name, _ in sides}
    taken = 0.0
    for number in range(rounds):
        for name, measure in sides if number % 2 else reversed(sides):
            speeds, others = undisturbed(measure)
            found[name].append(speeds)
            taken = max(taken, others)
    for test in found["workbench"][0]:
        we, they = (median(speeds[test] for speeds in found[name]) for name, _ in sides)
        print(
            f"| {model.stem} | {test} | {we:.2f} | {they:.2f} | {we / they:.3f} | {taken:.2f} |", flush=True
        )


def main() -> None:
    """Read the command line, measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="`workbench bench` against llama-bench.")
    parser.add_argument("llama_bench")
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    sizes = {name: getattr(arguments, name) for name in ("prompt", "generate", "depth", "repetitions")}
    print("| model | test | workbench | llama-bench | ratio | cores taken by others |")
    print("|---|---|---:|---:|---:|---:|")
    for model in arguments.models:
        compare(arguments.llama_bench, model, sizes, arguments.rounds)


if __name__ == "__main__":
    main()
