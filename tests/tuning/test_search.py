"""The search on made-up machines: it finds what is planted, and nothing in noise."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.tuning.landscape import KNOBS, USUAL, Landscape
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied
from workbench.tuning.explaining import effects
from workbench.tuning.search import Outcome, Search


def flat(settings: EngineSettings) -> float:
    return 100.0


def hilly(settings: EngineSettings) -> float:
    """Fastest with 6 threads; small micro-batches pay with 6 threads or fewer, and drafts always cost."""
    threads = settings.threads or 8
    speed = 100.0 - 4 * abs(threads - 6)
    if threads <= 6:
        speed *= {64: 0.9, 128: 1.2, 256: 1.1}.get(settings.micro_batch, 1.0)
    else:
        speed *= {64: 0.7, 128: 0.8, 256: 0.9}.get(settings.micro_batch, 1.0)
    return speed * (0.8 if settings.speculation else 1.0)


async def searched(
    landscape: Landscape, refused: EngineSettings | None = None, earlier: EngineSettings | None = None
) -> Outcome:
    def refusal(settings: EngineSettings) -> str:
        return "It does not fit." if settings == refused else ""

    return await Search(landscape, refusal, 1e9, landscape.renew).run(USUAL, KNOBS, earlier)


@pytest.mark.parametrize("seed", range(5))
async def test_it_finds_what_is_planted_also_where_one_knob_depends_on_another(seed: int) -> None:
    outcome = await searched(Landscape(hilly, noise=0.01, seed=seed))
    assert outcome.settings == replace(USUAL, threads=6, micro_batch=128)
    assert outcome.final is not None and outcome.final.gain == pytest.approx(120 / 92 - 1, abs=0.05)


async def test_it_is_not_deceived_by_a_machine_that_gets_slower() -> None:
    outcome = await searched(Landscape(hilly, noise=0.005, drift=0.002))
    assert outcome.settings == replace(USUAL, threads=6, micro_batch=128)


async def test_pure_noise_leaves_the_usual_settings() -> None:
    kept = [(await searched(Landscape(flat, noise=0.1, seed=seed))).settings == USUAL for seed in range(300)]
    assert sum(kept) >= 290


async def test_nothing_is_gained_by_what_is_no_faster_than_the_usual_in_truth() -> None:
    """However the races end, what is kept is as fast as the usual settings."""

    def slower(settings: EngineSettings) -> float:
        return 100.0 if settings == USUAL else 98.0

    for seed in range(50):
        assert (await searched(Landscape(slower, noise=0.05, seed=seed))).settings == USUAL


async def test_what_does_not_fit_is_never_measured() -> None:
    best = replace(USUAL, threads=6)
    landscape = Landscape(hilly)
    outcome = await searched(landscape, refused=best)
    assert best not in landscape.measured
    assert outcome.settings.threads != 6
    (told,) = (trial for trial in outcome.trials if trial.trouble)
    assert (told.knob, told.choice, told.comparison) == ("threads", "6", None)


async def test_what_kills_the_engine_is_left_out_and_told() -> None:
    outcome = await searched(Landscape(hilly, deadly=lambda settings: settings.threads == 6))
    assert outcome.settings.threads != 6
    assert any(trial.trouble == "The engine died." for trial in outcome.trials)


async def test_a_process_that_is_fast_by_luck_is_not_believed() -> None:
    """The first process of each of the settings is up to a tenth faster or slower, as long as it lives."""
    chance, luck = random.Random(1), dict[EngineSettings, float]()

    def lucky(settings: EngineSettings) -> float:
        return 100 * luck.setdefault(settings, chance.uniform(0.9, 1.1))

    class Lucky(Landscape):
        async def renew(self) -> None:
            luck.clear()

    assert sum([(await searched(Lucky(lucky))).settings == USUAL for _ in range(50)]) >= 45


async def test_usual_settings_that_cannot_be_measured_end_it() -> None:
    with pytest.raises(EngineDied):
        await searched(Landscape(flat, deadly=lambda settings: settings == USUAL))


async def test_slow_choices_are_given_up_after_a_few_measurements() -> None:
    landscape = Landscape(hilly)
    await searched(landscape)
    assert sum(settings.threads == 1 for settings in landscape.measured) == 2


async def test_when_the_time_is_up_the_knobs_that_are_left_are_named() -> None:
    clock = iter(range(1000))
    landscape = Landscape(hilly)
    search = Search(landscape, lambda settings: "", 1.5, landscape.renew, clock=lambda: float(next(clock)))
    outcome = await search.run(USUAL, KNOBS)
    assert outcome.skipped == ("micro-batch", "flash attention", "speculation")
    assert outcome.settings == replace(USUAL, threads=6) and outcome.final is not None


async def test_what_was_fastest_before_is_where_it_begins_if_it_still_is() -> None:
    best = replace(USUAL, threads=6, micro_batch=128)
    assert (await searched(Landscape(hilly, noise=0.005), earlier=best)).settings == best
    assert (await searched(Landscape(flat), earlier=best)).settings == USUAL
    landscape = Landscape(hilly)
    await searched(landscape, refused=best, earlier=best)
    assert best not in landscape.measured


async def test_it_explains_what_mattered_most_first() -> None:
    outcome = await searched(Landscape(hilly))
    found = {effect.knob.name: effect for effect in effects(outcome, KNOBS)}
    assert list(found)[-1] == "flash attention"
    threads, micro_batch = found["threads"], found["micro-batch"]
    assert (threads.chosen, threads.other, threads.is_turned) == ("6", "8", True)
    assert micro_batch.comparison is not None and micro_batch.comparison.gain == pytest.approx(0.2)
    speculation = found["speculation"]
    assert not speculation.is_turned and speculation.other == "ngram"
    assert speculation.comparison is not None and speculation.comparison.gain == pytest.approx(0.25)
