"""Measure our endpoint against llama-server and llama_cpp.server, in turns on the same machine.

    python tests/benchmarks/random_model.py qwen3-0.6b -o model.gguf
    python tests/benchmarks/endpoint.py --model model.gguf \
        --llama-server build/bin/llama-server --llama-cpp-server peers/bin/python

Every round measures each server once, in an order that rotates, and only one is awake at a time. Figures are
medians over the rounds; a ratio is ours divided by the peer's. A round is repeated, up to four times, when
other programs took more than a tenth of a core; what they took of the accepted ones is shown. A peer that is
not given is not measured; servers.py says how to build one. The cache of 32 requests takes gigabytes for each
server: --context 1100 is enough without the long prompt. Prompt lengths are exact for models of
random_model.py.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NoReturn

from report import OTHERS, Results, as_json, as_markdown
from scenarios import Measurements, letters, long_prompt, shared_prefix, short_requests, wave
from servers import Server, ServerSettings, family, launches, started

from workbench.machine.disturbance import Disturbance

CONCURRENT, SHARING = (1, 4, 8, 16), (8, 32)
SETTLE_SECONDS, PAUSE_SECONDS = 0.3, 10
ATTEMPTS, TOLERATED_CORES = 5, 0.1
Scenario = Callable[[Server], Awaitable[Measurements]]
SCENARIOS: dict[str, dict[str, Scenario]] = {
    "load": {f"load at {n}": partial(short_requests, concurrent=n) for n in CONCURRENT},
    "prefix": {f"prefix of {n}": partial(shared_prefix, concurrent=n) for n in SHARING},
    "long-prompt": {"long prompt": long_prompt},
}


async def measure(servers: Sequence[Server], scenarios: dict[str, Scenario], rounds: int) -> Results:
    """Figures by scenario and server, one entry per round."""
    results: Results = {name: {server.name: [] for server in servers} for name in scenarios}
    for name, scenario in scenarios.items():
        for number in range(rounds):
            for server in rotated(servers, number):
                measured = await measure_undisturbed(server, scenario)
                results[name][server.name].append(measured)
                figures = ", ".join(f"{figure} {value:.3g}" for figure, value in measured.items())
                print(f"{name}, round {number + 1}, {server.name}: {figures}", file=sys.stderr)
    return results


async def measure_undisturbed(server: Server, scenario: Scenario) -> Measurements:
    """Measure again, a few times at most, while something else keeps taking the processor."""
    for _ in range(ATTEMPTS):
        measured = await measure_awake(server, scenario)
        if measured[OTHERS] <= TOLERATED_CORES:
            break
        print(f"{server.name} was disturbed ({measured[OTHERS]:.2f} cores).", file=sys.stderr)
        await asyncio.sleep(PAUSE_SECONDS)
    return measured


async def measure_awake(server: Server, scenario: Scenario) -> Measurements:
    """Wake the server, let it answer one request to get its memory back into the caches, and measure it."""
    with server.awake():
        await wave(server, [letters(16)], 8)
        await asyncio.sleep(SETTLE_SECONDS)
        disturbance = Disturbance(process.pid for process in family(server.process))
        measured = await scenario(server)
        return {**measured, OTHERS: disturbance.so_far().others_cores}


def rotated(servers: Sequence[Server], by: int) -> list[Server]:
    start = by % len(servers)
    return [*servers[start:], *servers[:start]]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure our endpoint against its peers.")
    parser.add_argument("--model", type=Path, required=True, help="a GGUF, best one of random_model.py")
    parser.add_argument("--llama-server", metavar="BINARY")
    parser.add_argument("--llama-cpp-server", metavar="PYTHON", help="a Python that has llama_cpp.server")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="repeatable; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--context", type=int, default=2560, help="tokens that each request gets")
    parser.add_argument(
        "--parallel", type=int, default=max(*CONCURRENT, *SHARING), help="requests that run at once"
    )
    parser.add_argument("--json", action="store_true", help="print every round's figures as JSON instead")
    return parser.parse_args()


def end_once(number: int, frame: object) -> NoReturn:
    """Leave by way of the servers' clean-up, which a second signal must not cut short."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> None:
    """Start every server, measure, and print the figures."""
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, end_once)
    settings = ServerSettings(arguments.threads, arguments.parallel, arguments.context)
    chosen = arguments.scenario or list(SCENARIOS)
    scenarios = {name: run for group in chosen for name, run in SCENARIOS[group].items()}
    with ExitStack() as stack:
        servers = [
            stack.enter_context(started(launch, settings))
            for launch in launches(arguments.model, arguments.llama_server, arguments.llama_cpp_server)
        ]
        results = asyncio.run(measure(servers, scenarios, arguments.rounds))
    print(as_json(results) if arguments.json else as_markdown(results))


if __name__ == "__main__":
    main()
