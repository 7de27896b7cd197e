"""Tokens per second with a constraint and without, in turn on one engine, and what the first one costs.

    python tests/benchmarks/constrained.py [--model MODEL.gguf]

Without a model it makes one of random weights with the geometry of qwen2.5-0.5b, whose 151,936 tokens are
what makes constraints dear. The answers are as long as asked for in either case. Beside the wall clock stands
the processor time of the engine's process, which other programs on the machine disturb less. Random weights
say nothing sensible, but walk through the grammar at full speed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from random_model import write_random_model

from workbench.constraint import Constraint
from workbench.engine_settings import EngineSettings
from workbench.events import Finished
from workbench.generation import Generation
from workbench.runtime import open_model
from workbench.runtime.engine_provider import EngineProvider
from workbench.sampling import SamplingSettings

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 24},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "role": {"enum": ["author", "editor", "reader"]},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 4},
    },
    "required": ["name", "age", "role", "tags"],
    "additionalProperties": False,
}
FORMS = {
    "JSON Schema": Constraint(
        "json_schema", json.dumps({"type": "array", "items": PERSON, "minItems": 10_000})
    ),
    "JSON object": Constraint("json_schema", '{"type": "object", "minProperties": 10000}'),
    "regular expression": Constraint("regex", r"([A-Z][a-z]{1,11} [0-9]{1,3}; )*"),
}
SAMPLINGS = {"greedy": SamplingSettings(temperature=0), "sampled": SamplingSettings(seed=7)}
PROMPT = "Write a long list of people. " * 8


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens per second of the wall clock and of processor time."""

    wall: float
    processor: float


async def measured(model: EngineProvider, generation: Generation) -> Pace:
    """After the first token, so that neither the prompt nor the grammar's compilation counts."""
    process = psutil.Process(model.pid)
    started = None
    async for event in model.generate(generation):
        spent = sum(process.cpu_times()[:2])
        started = spent if started is None else started
        if isinstance(event, Finished):
            assert event.tokens_per_second and event.usage.completion_tokens == generation.max_tokens
            return Pace(event.tokens_per_second, event.usage.completion_tokens / (spent - started))
    raise AssertionError("no end came")


async def compare(model: EngineProvider, form: str, sampling: str, tokens: int, rounds: int) -> str:
    """A row of medians, and the median of each round's ratio, which a disturbance of both leaves alone."""
    free = Generation(prompt=PROMPT, sampling=SAMPLINGS[sampling], max_tokens=tokens, ignore_end=True)
    held = Generation(
        prompt=PROMPT,
        sampling=SAMPLINGS[sampling],
        max_tokens=tokens,
        ignore_end=True,
        constraint=FORMS[form],
    )
    pairs = []
    for _ in range(rounds):
        without = await measured(model, free)
        pairs.append((without, await measured(model, held)))
    wall = median(on.wall / off.wall for off, on in pairs)
    processor = median(on.processor / off.processor for off, on in pairs)
    off, on = (median(pair[side].wall for pair in pairs) for side in (0, 1))
    return f"| {form}, {sampling} | {off:.1f} | {on:.1f} | {wall:.3f}x | {processor:.3f}x |"


async def first_time(model: EngineProvider, generation: Generation) -> float:
    """Seconds until the whole answer of one token."""
    started = time.perf_counter()
    async for _ in model.generate(generation):
        pass
    return time.perf_counter() - started


async def compare_all(path: str, tokens: int, rounds: int, threads: int) -> None:
    """Print the tables."""
    model = await open_model(path, EngineSettings(context_length=2048, parallel=1, threads=threads))
    assert isinstance(model, EngineProvider)
    short = Generation(prompt=PROMPT, max_tokens=1, ignore_end=True)
    await first_time(model, short)
    plain = await first_time(model, short)
    print("Seconds for one token, after the same prompt:\n")
    print(f"| without a constraint | {plain:.3f} |\n| --- | ---: |")
    for form, constraint in FORMS.items():
        one = Generation(prompt=PROMPT, max_tokens=1, ignore_end=True, constraint=constraint)
        print(f"| {form}, new | {await first_time(model, one):.3f} |")
        print(f"| {form}, again | {await first_time(model, one):.3f} |")
    print(f"\nTokens per second, {tokens} tokens, {rounds} rounds:\n")
    print("| | without | with | ratio | ratio by processor time |\n| --- | ---: | ---: | ---: | ---: |")
    for form in FORMS:
        for sampling in SAMPLINGS:
            print(await compare(model, form, sampling, tokens, rounds), flush=True)
    await model.close()


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="Tokens per second with a constraint and without.")
    parser.add_argument("--model", type=Path, help="a GGUF file; else one is made")
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=psutil.cpu_count(logical=False) or 1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.model or Path(folder) / "random.gguf"
        if arguments.model is None:
            write_random_model("qwen2.5-0.5b", path)
        asyncio.run(compare_all(str(path), arguments.tokens, arguments.rounds, arguments.threads))


if __name__ == "__main__":
    main()
