"""Tune models and check what came of it: the usual settings against the tuned ones, measured anew in turns.

    python tests/benchmarks/random_model.py qwen3-0.6b -o qwen3-0.6b.gguf
    python -m tests.benchmarks.tune guide qwen3-0.6b.gguf --for generation --for prompt --time 60

The check opens its engines after the tuning has closed its own. "gain" is the median over its pairs, "noise"
how far half of them are from it at most. Nothing is kept. tests/benchmarks/tune.md has what was printed.
"""

from __future__ import annotations

import argparse
import asyncio
from itertools import count
from statistics import median

from workbench import wording
from workbench.engine_settings import EngineSettings
from workbench.models import locate
from workbench.planning.flags import flags
from workbench.runtime import open_model
from workbench.tuning.aim import KINDS, USUAL_REQUESTS, Aim
from workbench.tuning.comparing import Comparison
from workbench.tuning.engines import Engines
from workbench.tuning.measuring import Stopwatch
from workbench.tuning.race import duel
from workbench.tuning.tuning import Order, Report, tune

HEADING = (
    "| model | for | usual tokens/s | tuned tokens/s | gain | noise | pairs | tuned settings | took |\n"
    "|---|---|---:|---:|---:|---:|---:|---|---:|"
)


async def checked(report: Report) -> Comparison | None:
    """The tuned settings against the usual ones; None where they are the same."""
    outcome, path = report.outcome, report.order.path
    if outcome.settings == outcome.usual:
        return None
    engines = Engines(lambda settings: open_model(path, settings), 2)
    stopwatch = Stopwatch(report.order.aim, engines)
    try:
        await stopwatch.settle(outcome.usual)
        rival = await duel(stopwatch, count(), outcome.usual, outcome.settings, engines.close)
        return rival.comparison
    finally:
        await engines.close()


async def line(model: str, aim: Aim, seconds: float) -> str:
    found = locate(model)
    order = Order(
        name=found.name,
        path=str(found.path),
        settings=EngineSettings(),
        backend=None,
        aim=aim,
        seconds=seconds,
    )
    report = await tune(order)
    check = await checked(report)
    took = f"{report.seconds:.0f} s"
    if check is None:
        speed = wording.speed(report.profile.usual_speed)
        return f"| {found.name} | {aim} | {speed} | {speed} | | | | the usual | {took} |"
    usual, tuned = wording.speed(median(check.holder)), wording.speed(median(check.rival))
    written = flags(report.outcome.settings, report.outcome.usual)
    compared = f"{check.gain:+.1%} | {check.noise:.1%} | {len(check.rival)}"
    return f"| {found.name} | {aim} | {usual} | {tuned} | {compared} | `{written}` | {took} |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Tune models, and check what came of it.")
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--for", dest="aims", choices=KINDS, action="append", default=[])
    parser.add_argument("--time", type=float, default=60.0, help="seconds after which no knob is turned")
    arguments = parser.parse_args()
    print(HEADING, flush=True)
    for model in arguments.models:
        for kind in arguments.aims or KINDS:
            aim = Aim(kind, USUAL_REQUESTS if kind == "serving" else 1)
            print(asyncio.run(line(model, aim, arguments.time)), flush=True)


if __name__ == "__main__":
    main()
