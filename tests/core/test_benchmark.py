"""The benchmark's arithmetic and its requests, against a model whose timings are set by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from workbench.backend import ModelFacts, Provider
from workbench.benchmark import Workload, measure
from workbench.errors import InvalidRequest, Unsupported
from workbench.events import Event, Finished, TextDelta, Timings, Usage
from workbench.generation import Generation


class Timed(Provider):
    """Reads 1000 tokens a second and writes 50, and keeps the prefix of its last prompt if told to."""

    def __init__(self, *, keeps_prefix: bool = True) -> None:
        self.facts = ModelFacts(
            architecture="timed", context_length=4096, trained_context=4096, parallel=1, vocabulary_size=1000
        )
        self.asked: list[Generation] = []
        self._keeps_prefix = keeps_prefix
        self._last: tuple[int, ...] = ()

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        prompt = generation.prompt
        assert isinstance(prompt, tuple) and generation.max_tokens is not None
        self.asked.append(generation)
        cached = self._shared(prompt)
        self._last = prompt
        written = generation.max_tokens
        yield TextDelta("x" * written, written)
        timings = Timings((len(prompt) - cached) / 1000, (written - 1) / 50)
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


async def test_a_depth_is_refused_where_it_would_be_read_again() -> None:
    with pytest.raises(Unsupported, match="256 tokens"):
        await measure(Timed(keeps_prefix=False), Workload(depths=(256,), repetitions=1))


def test_the_context_holds_the_largest_test() -> None:
    assert Workload(prompt=512, generate=128).context_length == 768
    assert Workload(prompt=0, generate=128, depths=(0, 1000)).context_length == 1280


@pytest.mark.parametrize(
    "sizes",
    [{"prompt": 0, "generate": 0}, {"prompt": -1}, {"depths": (-1,)}, {"repetitions": 0}, {"depths": ()}],
)
def test_a_workload_of_nothing_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(InvalidRequest):
        Workload(**sizes)  # type: ignore[arg-type]
