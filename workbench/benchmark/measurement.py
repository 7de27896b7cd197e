"""Run a workload against an opened model and turn its own timings into speeds.

The definitions are llama-bench's: pp N is N random tokens read at once, tg N is N tokens written one by one,
each after `depth` tokens that are in the cache. Every repetition draws fresh tokens, so that no earlier one
helps. Knows nothing of tables.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from statistics import median, stdev
from typing import cast

from workbench.backend import Provider
from workbench.benchmark.workload import RandomTokens, SpeedTest, Workload
from workbench.errors import Unsupported, WorkbenchError
from workbench.events import Event, Finished
from workbench.generation import Generation
from workbench.sampling import SamplingSettings

_GREEDY = SamplingSettings(temperature=0)


@dataclass(frozen=True, slots=True)
class Result:
    """Tokens per second of each repetition of one test."""

    test: SpeedTest
    samples: tuple[float, ...]

    @property
    def tokens_per_second(self) -> float:
        return median(self.samples)

    @property
    def spread(self) -> float:
        """Standard deviation of the repetitions, in tokens per second; 0 for a single one."""
        return stdev(self.samples) if len(self.samples) > 1 else 0.0


async def measure(
    provider: Provider, workload: Workload, progress: Callable[[str], None] = lambda text: None
) -> list[Result]:
    """Every test of the workload, each after one run that does not count.

    Raises Unsupported for a depth where the engine keeps no prefix in its cache.
    """
    tokens = RandomTokens(provider.facts.vocabulary_size, workload.seed)
    results = []
    for test in workload.tests:
        prefix = tokens.take(test.depth)
        progress(f"{test.name}, warming up")
        await _speed(provider, test, prefix, tokens)
        samples = []
        for repetition in range(workload.repetitions):
            progress(f"{test.name}, {repetition + 1} of {workload.repetitions}")
            samples.append(await _speed(provider, test, prefix, tokens))
        results.append(Result(test, tuple(samples)))
    return results


async def _speed(provider: Provider, test: SpeedTest, prefix: tuple[int, ...], tokens: RandomTokens) -> float:
    if prefix:
        await _finish(provider, prefix, 1)
    if test.prompt:
        return _reading_speed(await _finish(provider, prefix + tokens.take(test.prompt), 1), test)
    # The first token ends the reading of the prompt; the ones after it are timed.
    return _writing_speed(await _finish(provider, prefix + tokens.take(1), test.generate + 1))


def _reading_speed(finished: Finished, test: SpeedTest) -> float:
    usage = finished.usage
    if usage.cached_tokens < test.depth - 1:
        raise Unsupported(
            f"This engine read the {test.depth} tokens before the test again.", "Measure at --depth 0."
        )
    seconds = finished.timings.time_to_first_token
    if seconds <= 0:
        raise WorkbenchError("The engine did not time its first token.", "Give a larger --prompt.")
    return (usage.prompt_tokens - usage.cached_tokens) / seconds


def _writing_speed(finished: Finished) -> float:
    speed = finished.tokens_per_second
    if speed is None:
        raise WorkbenchError("The engine wrote too little to be timed.", "Give a larger --generate.")
    return speed


async def _finish(provider: Provider, prompt: tuple[int, ...], max_tokens: int) -> Finished:
    generation = Generation(prompt=prompt, sampling=_GREEDY, max_tokens=max_tokens, ignore_end=True)
    async with aclosing(cast(AsyncGenerator[Event, None], provider.generate(generation))) as events:
        async for event in events:
            if isinstance(event, Finished):
                return event
    raise WorkbenchError("The model's answer had no end.", "Update the engine.")
