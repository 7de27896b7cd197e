"""Measure the first token of a long prompt after a restart of the endpoint, the prompt kept on the disk.

    python tests/benchmarks/random_model.py qwen3-0.6b -o model.gguf
    python tests/benchmarks/prompt_cache.py --model model.gguf

Each round starts the endpoint anew with an empty folder, asks, starts it again and asks the same. The ratio
is cold divided by restarted, of medians. Prompt lengths are exact for models of random_model.py.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

from load import Answer
from scenarios import letters, wave
from servers import Launch, ServerSettings, launches, started

PROMPT_TOKENS = 4000


def asked(launch: Launch, settings: ServerSettings, prompt: str) -> Answer:
    """Start, let a short request warm it up, ask, and stop."""
    with started(launch, settings) as server, server.awake():
        asyncio.run(wave(server, [letters(16)], 8))
        (answer,) = asyncio.run(wave(server, [prompt], 8))
        return answer


def main() -> None:
    """Print every round, and the ratio of the medians."""
    parser = argparse.ArgumentParser(description="Measure a long prompt after a restart.")
    parser.add_argument("--model", type=Path, required=True, help="a GGUF, best one of random_model.py")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=PROMPT_TOKENS)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    (ours,) = launches(arguments.model, None, None)
    launch = replace(ours, program=[part for part in ours.program if part != "--no-prompt-cache"])
    settings = ServerSettings(arguments.threads, 2, arguments.tokens + 256)
    cold, restarted = list[float](), list[float]()
    for number in range(arguments.rounds):
        prompt = letters(arguments.tokens)
        with tempfile.TemporaryDirectory() as home:
            os.environ["WORKBENCH_HOME"] = home
            for times in (cold, restarted):
                times.append(asked(launch, settings, prompt).time_to_first_token)
        print(f"round {number + 1}: cold {cold[-1]:.2f} s, restarted {restarted[-1]:.3f} s", flush=True)
    ratio = median(cold) / median(restarted)
    print(f"{arguments.tokens} tokens, first token after a restart: {ratio:.0f}x sooner than cold")


if __name__ == "__main__":
    main()
