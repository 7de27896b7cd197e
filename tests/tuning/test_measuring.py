"""One measurement: as large as takes about a second, never of what was read before, with few engines open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from workbench.backend import ModelFacts, Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, InvalidRequest, Unsupported
from workbench.events import Event, Finished, Timings, Usage
from workbench.generation import Generation
from workbench.tuning.aim import Aim
from workbench.tuning.engines import Engines
from workbench.tuning.measuring import Stopwatch

USUAL = EngineSettings()


class Steady(Provider):
    """Reads 200 tokens a second and writes 40, as its timings say; keeps what it read last."""

    def __init__(self, context_length: int = 4096) -> None:
        self.facts = ModelFacts(
            architecture="steady",
            context_length=context_length,
            trained_context=context_length,
            parallel=1,
            vocabulary_size=256,
        )
        self.asked: list[Generation] = []
        self.closed = False
        self.at_once = self.most_at_once = 0

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        prompt, written = generation.prompt, generation.max_tokens
        assert isinstance(prompt, tuple) and written is not None and generation.ignore_end
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        self.asked.append(generation)
        yield Finished(
            "length", Usage(len(prompt), 0, written), Timings(len(prompt) / 200, (written - 1) / 40)
        )

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return [letter % 256 for letter in text.encode()]

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode(errors="replace")

    async def close(self) -> None:
        self.closed = True


async def settled(aim: Aim, provider: Steady) -> Stopwatch:
    async def open_engine(settings: EngineSettings) -> Provider:
        return provider

    stopwatch = Stopwatch(aim, Engines(open_engine, 1))
    await stopwatch.settle(USUAL)
    return stopwatch


@pytest.mark.parametrize(
    ("aim", "context", "prompt", "answer"),
    [
        (Aim("generation"), 4096, 512, 32),
        (Aim("prompt"), 300, 128, 32),
        (Aim("serving", 4), 4096, 64, 32),
    ],
)
async def test_sizes_are_what_the_model_does_in_a_second_or_two(
    aim: Aim, context: int, prompt: int, answer: int
) -> None:
    sizes = (await settled(aim, Steady(context))).sizes
    assert (sizes.prompt, sizes.answer) == (prompt, answer)


async def test_each_aim_has_its_speed() -> None:
    assert await (await settled(Aim("generation"), Steady()))(USUAL, 0) == pytest.approx(40)
    assert await (await settled(Aim("prompt"), Steady()))(USUAL, 0) == pytest.approx(200)


async def test_requests_that_are_served_come_at_once() -> None:
    provider = Steady()
    stopwatch = await settled(Aim("serving", 4), provider)
    assert await stopwatch(USUAL, 0) > 40
    assert provider.most_at_once == 4


@pytest.mark.parametrize("aim", [Aim("prompt"), Aim("serving", 4)])
async def test_no_prompt_is_read_twice_so_that_none_is_in_the_cache(aim: Aim) -> None:
    provider = Steady()
    stopwatch = await settled(aim, provider)
    provider.asked.clear()
    for turn in range(20):
        await stopwatch(USUAL, turn)
    assert len({generation.prompt for generation in provider.asked}) == len(provider.asked)


async def test_the_same_turn_is_the_same_for_all_settings() -> None:
    provider = Steady()
    stopwatch = await settled(Aim("generation"), provider)
    for turn in (3, 3, 4):
        await stopwatch(USUAL, turn)
    first, second, third = provider.asked[-3:]
    assert first == second != third
    assert first.sampling.seed != third.sampling.seed


async def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="too short"):
        await settled(Aim(), Steady(80))
    silent = Steady()
    silent.facts = replace(silent.facts, capabilities=frozenset({"embed"}))
    with pytest.raises(Unsupported, match="writes no text"):
        await settled(Aim(), silent)


async def test_few_engines_are_open_and_all_are_closed_in_the_end() -> None:
    opened: list[Steady] = []

    async def open_engine(settings: EngineSettings) -> Provider:
        opened.append(Steady())
        return opened[-1]

    engines = Engines(open_engine, 2)
    one, two, three = (EngineSettings(threads=count) for count in (1, 2, 3))
    assert [(await engines.get(settings))[1] for settings in (one, two, one, three, one, two)] == [
        True, True, False, True, False, True
    ]  # fmt: skip
    assert [engine.closed for engine in opened] == [False, True, True, False]
    await engines.close()
    assert all(engine.closed for engine in opened)


async def test_where_another_engine_has_no_room_the_others_are_closed_first() -> None:
    opened: list[Steady] = []

    async def open_engine(settings: EngineSettings) -> Provider:
        if any(not engine.closed for engine in opened):
            raise DoesNotFit("There is too little memory.")
        opened.append(Steady())
        return opened[-1]

    engines = Engines(open_engine, 4)
    await engines.get(EngineSettings(threads=1))
    await engines.get(EngineSettings(threads=2))
    assert [engine.closed for engine in opened] == [True, False]
    await engines.close()
