"""Models measured through the real engine: what comes out, what is kept, and what an interruption costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import workbench_guide
from workbench import registry
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.ports import ScoredModel
from workbench.quantization.quality import comparing
from workbench.quantization.quality.base_model import opened_base
from workbench.quantization.quality.comparing import Result
from workbench.quantization.quality.trial import Progress, Subject, Trial

WINDOW = 128
PROMPTS = ("What is Q4_K_M?", "How do I list my models?")


class Stopped(Exception):
    """Stands for the process being killed."""


class Bench:
    """Trials in one folder; counts which models are loaded."""

    def __init__(self, folder: Path, text: str, quants: dict[str, Path]) -> None:
        paths = {"guide": workbench_guide.PATH, **quants}
        self.subjects = {name: Subject(name, Path(path), name) for name, path in paths.items()}
        self.loaded: list[str] = []
        self.trial = Trial(
            load=self._load,
            text=text,
            window=WINDOW,
            most_windows=4,
            prompts=PROMPTS,
            folder=folder,
            told=lambda progress: None,
        )

    def run(self, *names: str, trial: Trial | None = None) -> list[Result]:
        with opened_base(self.subjects["guide"], trial or self.trial) as base:
            compared = [comparing.compared(base, self.subjects[name]) for name in names]
            return [comparing.of_base(base), *compared]

    def _load(self, subject: Subject) -> ScoredModel:
        self.loaded.append(subject.name)
        scorer = registry.load("llama-cpp").scorer()
        assert scorer is not None
        return scorer.open(str(subject.path), EngineSettings(context_length=512))


@pytest.fixture
def bench(tmp_path: Path, text: str, quants: dict[str, Path]) -> Bench:
    return Bench(tmp_path / "kept", text, quants)


def stop_at(step: int) -> Callable[[Progress], None]:
    def told(progress: Progress) -> None:
        if progress.done == step:
            raise Stopped

    return told


def test_fewer_bits_cost_more_and_nothing_is_computed_twice(bench: Bench) -> None:
    base, eight, two = bench.run("Q8_0", "Q2_K")
    assert base.figures.tokens == 4 * (WINDOW // 2 - 1)
    assert base.figures.kl_max == 0 and base.figures.top1_agreement.value == 1
    assert 0 < eight.figures.kl_mean.value < 0.001 < two.figures.kl_mean.value < 0.2
    assert eight.figures.top1_agreement.value > two.figures.top1_agreement.value > 0.5
    assert eight.figures.perplexity.value == pytest.approx(base.figures.perplexity.value, rel=0.02)
    assert eight.answers and eight.answers.same == 1 and two.answers
    assert bench.loaded == ["guide", "Q8_0", "Q2_K"]
    assert bench.run("Q8_0", "Q2_K") == [base, eight, two]
    assert bench.loaded == ["guide", "Q8_0", "Q2_K"]


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 5])
def test_what_was_interrupted_goes_on_and_comes_to_the_same(bench: Bench, tmp_path: Path, step: int) -> None:
    whole = bench.run("Q2_K", trial=replace(bench.trial, folder=tmp_path / "whole"))
    for _ in range(2):
        with pytest.raises(Stopped):
            bench.run("Q2_K", trial=replace(bench.trial, told=stop_at(step)))
        bench.run()
    steps: list[tuple[str, int]] = []
    noting = replace(bench.trial, told=lambda progress: steps.append((progress.subject.name, progress.done)))
    assert bench.run("Q2_K", trial=noting) == whole
    assert steps == [("Q2_K", done) for done in range(step, 7)]


@pytest.mark.slow
def test_more_windows_add_to_those_there_are(bench: Bench) -> None:
    bench.run("Q8_0", trial=replace(bench.trial, most_windows=2))
    steps: list[int] = []
    more = replace(bench.trial, told=lambda progress: steps.append(progress.done))
    assert bench.run("Q8_0", trial=more)[1].figures.tokens == 4 * (WINDOW // 2 - 1)
    assert steps == [4, 5, 6, 4, 5, 6]


@pytest.mark.slow
def test_a_model_that_reads_other_tokens_is_refused(bench: Bench) -> None:
    bench.run()
    other = replace(bench.trial, text=bench.trial.text.upper())
    with pytest.raises(InvalidRequest, match="other tokens"):
        bench.run("Q8_0", trial=other)
