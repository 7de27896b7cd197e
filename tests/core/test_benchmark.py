"""The benchmark's arithmetic and its requests, against a model whose timings are set by hand."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from workbench.backend import ModelFacts, Provider
from workbench.benchmark import Result, Workload, measure
from workbench.benchmark.overhead import overheads
from workbench.benchmark.result import FirstToken
from workbench.benchmark.workload import SpeedTest
from workbench.conversation import Conversation
from workbench.errors import InvalidRequest, Unsupported
from workbench.events import Event, Finished, TextDelta, Timings, Usage
from workbench.generation import Generation
from workbench.machine.disturbance import Surroundings


def result(*samples: float, **more: Any) -> Result:
    return Result(SpeedTest(prompt=0, generate=100, depth=0), samples, **more)


def kinds(measured: Result) -> list[str]:
    return [flag.kind for flag in measured.flags]


def test_an_outlier_is_flagged_and_steady_ones_are_not() -> None:
    (flag,) = result(100, 101, 99, 80, 100).flags
    assert flag.kind == "outlier" and "Repetition 4" in flag.text and "20%" in flag.text
    assert not result(100, 101, 99, 98, 100).flags
    assert not result(100, 50).flags, "two do not tell which one is wrong"


def test_a_trend_is_flagged_and_noise_is_not() -> None:
    assert "drift" in kinds(result(100, 98, 96, 94, 92))
    assert not result(100, 96, 99, 95, 98).flags
    falling = [result(*(100 + rng.gauss(0, 2) for _ in range(5))) for rng in map(random.Random, range(400))]
    assert sum("drift" in kinds(one) for one in falling) < 400 * 0.06


def test_neighbours_heat_and_a_slower_clock_are_flagged() -> None:
    assert kinds(result(1.0, surroundings=Surroundings(0.5, 4))) == ["neighbour"]
    assert not result(1.0, surroundings=Surroundings(0.1, 4, 0, -0.01)).flags
    assert kinds(result(1.0, surroundings=Surroundings(0.0, 4, 3, -0.2))) == ["throttled", "slow clock"]


def test_energy_is_told_for_each_token_where_it_is_counted() -> None:
    assert result(1.0, 1.0, joules=(50.0, 52.0)).joules_per_token == pytest.approx(0.51)
    assert result(1.0).joules_per_token is None


class Timed(Provider):
    """Reads 1000 tokens a second and writes 50, and keeps the prefix of its last prompt if told to."""

    def __init__(self, *, keeps_prefix: bool = True, words: int = 50) -> None:
        self.facts = ModelFacts(
            architecture="timed", context_length=4096, trained_context=4096, parallel=1, vocabulary_size=1000
        )
        self.asked: list[Generation] = []
        self._keeps_prefix = keeps_prefix
        self._words = words
        self._last: tuple[int, ...] = ()

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        prompt = generation.prompt
        assert isinstance(prompt, tuple) and generation.max_tokens is not None
        self.asked.append(generation)
        cached = self._shared(prompt)
        self._last = prompt
        written = generation.max_tokens
        yield TextDelta("x" * written, written)
        timings = Timings((len(prompt) - cached) / 1000, (written - 1) / self._words)
        yield Finished("length", Usage(len(prompt), cached, written), timings)

    def _shared(self, prompt: tuple[int, ...]) -> int:
        if not self._keeps_prefix:
            return 0
        pairs = zip(self._last, prompt[:-1], strict=False)
        return next(
            (at for at, (old, new) in enumerate(pairs) if old != new), min(len(self._last), len(prompt) - 1)
        )

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return [ord(letter) % 1000 for letter in text]

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    async def close(self) -> None:
        self._last = ()


class WithPasses(Timed):
    """Computes passes alone twice as fast."""

    def __init__(self) -> None:
        super().__init__()
        self.timed: list[tuple[tuple[int, ...], tuple[int, ...], bool]] = []

    async def time_passes(self, held: tuple[int, ...], tokens: tuple[int, ...], *, together: bool) -> float:
        self.timed.append((held, tokens, together))
        return len(tokens) / (2000 if together else 100)


class Elsewhere(Timed):
    """Says nothing of its tokens, of which each word is one."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = replace(self.facts, vocabulary_size=0)
        self.texts: list[str] = []

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        assert isinstance(generation.prompt, Conversation) and generation.max_tokens is not None
        self.texts.append(text := generation.prompt.messages[-1].content)
        read, written = len(text.split()), generation.max_tokens
        yield Finished("length", Usage(read, 0, written), Timings(read / 1000, (written - 1) / 50))


async def test_speeds_are_what_the_engine_timed() -> None:
    results = await measure(Timed(), Workload(prompt=512, generate=128, depths=(0, 256), repetitions=3))
    assert [(result.test.name, result.test.depth) for result in results] == [
        ("pp512", 0),
        ("tg128", 0),
        ("pp512", 256),
        ("tg128", 256),
    ]
    for result in results:
        expected = 1000 if result.test.prompt else 50
        assert result.samples == pytest.approx((expected,) * 3)
        assert result.tokens_per_second == pytest.approx(expected)
        assert result.spread == pytest.approx(0)


async def test_each_run_reads_fresh_tokens_greedily_and_past_the_end() -> None:
    provider = Timed()
    await measure(provider, Workload(prompt=64, generate=0, repetitions=3))
    assert len({generation.prompt for generation in provider.asked}) == len(provider.asked) == 4
    assert all(generation.ignore_end and generation.sampling.greedy for generation in provider.asked)


async def test_the_same_seed_reads_the_same_tokens() -> None:
    prompts = []
    for seed in (7, 7, 8):
        provider = Timed()
        await measure(provider, Workload(prompt=64, generate=0, repetitions=1, seed=seed))
        prompts.append([generation.prompt for generation in provider.asked])
    assert prompts[0] == prompts[1] != prompts[2]


async def test_generation_is_timed_over_as_many_steps_as_it_is_named_for() -> None:
    provider = Timed()
    await measure(provider, Workload(prompt=0, generate=16, repetitions=1))
    assert {generation.max_tokens for generation in provider.asked} == {17}


async def test_passes_alone_are_taken_where_the_engine_times_them() -> None:
    provider = WithPasses()
    (read, written) = await measure(provider, Workload(prompt=512, generate=128, depths=(64,), repetitions=3))
    assert (read.method, written.method) == ("passes", "passes")
    assert read.tokens_per_second == pytest.approx(2000)
    assert written.tokens_per_second == pytest.approx(100)
    assert {len(held) for held, _, _ in provider.timed} == {64}
    timed = [(len(tokens), together) for _, tokens, together in provider.timed if len(tokens) > 1]
    assert timed == [(512, True)] * 4 + [(128, False)] * 4, "one run of each does not count"
    assert not provider.asked


async def test_what_comes_before_is_the_same_and_in_the_cache_before_time_is_taken() -> None:
    provider = WithPasses()
    await measure(provider, Workload(prompt=8, generate=0, depths=(64,), repetitions=2))
    assert len({held for held, _, _ in provider.timed}) == 1
    assert [len(tokens) for _, tokens, _ in provider.timed] == [1, 8] * 3
    assert len({tokens for _, tokens, _ in provider.timed}) == 6


async def test_first_tokens_are_those_of_whole_requests() -> None:
    provider = WithPasses()
    (read,) = await measure(provider, Workload(prompt=500, generate=0, first_token=True, repetitions=4))
    assert read.method == "passes" and read.tokens_per_second == pytest.approx(2000)
    assert read.waits == pytest.approx((0.5,) * 4)
    assert read.first_token == FirstToken(median=pytest.approx(0.5), p95=pytest.approx(0.5))


async def test_requests_at_once_are_counted_together_and_each() -> None:
    workload = Workload(prompt=100, generate=0, alone=False, requests=(1, 4), repetitions=2)
    (one, four) = await measure(Timed(), workload)
    assert (one.test.requests, four.test.requests) == (1, 4)
    assert one.tokens_per_second == pytest.approx(1000)
    assert four.tokens_per_second == pytest.approx(4000), "all four wait as long as one"
    assert four.tokens_per_second_each == pytest.approx(1000)
    assert len(four.each) == len(four.waits) == 8


async def test_a_server_that_tells_no_tokens_is_asked_with_text_and_counts_itself() -> None:
    provider = Elsewhere()
    (read, written) = await measure(provider, Workload(prompt=100, generate=50, repetitions=2))
    assert (read.method, written.method) == ("text", "text")
    assert read.tokens_per_second == pytest.approx(1000)
    assert written.tokens_per_second == pytest.approx(50)
    assert len(set(provider.texts)) == len(provider.texts), "no text is known from before"


async def test_what_an_endpoint_adds_is_told_for_each_test() -> None:
    slower = Timed(words=25)
    workload = Workload(prompt=100, generate=50, first_token=True, repetitions=2)
    results = await measure(WithPasses(), workload, endpoint=slower)
    assert [one.method for one in results] == ["passes", "endpoint"] * 2
    reading, writing = overheads(results)
    assert writing.share == pytest.approx(3) and writing.seconds_per_token == pytest.approx(0.03)
    assert reading.first_token_seconds == pytest.approx(0)
    assert not overheads([results[1]]), "there is nothing to compare with"


async def test_an_endpoint_does_not_get_prompts_that_the_engine_knows() -> None:
    bare, endpoint = Timed(), Timed()
    await measure(bare, Workload(prompt=64, generate=0, repetitions=3), endpoint=endpoint)
    assert not {one.prompt for one in bare.asked} & {one.prompt for one in endpoint.asked}


async def test_a_depth_is_refused_where_it_would_be_read_again() -> None:
    with pytest.raises(Unsupported, match="256 tokens"):
        await measure(Timed(keeps_prefix=False), Workload(depths=(256,), repetitions=1))


def test_sizes_depths_and_counts_are_combined_without_repetition() -> None:
    workload = Workload(prompt=(8, 16, 8), generate=4, depths=(0, 32), requests=(2, 4))
    assert len(workload.tests) == 3 * 3 * 2
    assert [test.name for test in workload.tests[:3]] == ["pp8", "pp16", "tg4"]
    assert workload.parallel == 4


def test_the_context_holds_the_largest_test() -> None:
    assert Workload(prompt=512, generate=128).context_length == 768
    assert Workload(prompt=0, generate=128, depths=(0, 1000)).context_length == 1280


@pytest.mark.parametrize(
    "sizes",
    [
        {"prompt": 0, "generate": 0},
        {"prompt": (0,), "generate": ()},
        {"prompt": -1},
        {"depths": (-1,)},
        {"repetitions": 0},
        {"depths": ()},
        {"requests": (0,)},
        {"alone": False},
    ],
)
def test_a_workload_of_nothing_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest):
        Workload(**sizes)  # type: ignore[arg-type]
