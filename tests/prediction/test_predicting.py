"""Predictions with the real engine, on models small enough for a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import workbench_guide
from tests.blueprints import header, models
from tests.blueprints.parts import Shape
from tests.blueprints.transformers import llama
from tests.llama_cpp.architectures import ARCHITECTURES
from workbench.benchmark import Workload
from workbench.benchmark.prediction import predict, predict_on, predicting
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, InvalidRequest, Unsupported
from workbench.gguf import read_model
from workbench.machine import disk
from workbench.machine.disturbance import Surroundings
from workbench.machine.measurements import Measurement
from workbench.planning.deciding import Decision

WORKLOAD = Workload(prompt=32, generate=4, repetitions=2)
SETTINGS = EngineSettings(context_length=256)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))


async def test_a_small_model_is_measured_whole() -> None:
    guide = read_model(workbench_guide.PATH)
    found = await predict(guide, SETTINGS, WORKLOAD, backend="llama-cpp")
    assert found.measured_layers == found.layers == 6
    assert [result.test.name for result in found.results] == ["pp32", "tg4"]
    for result in found.results:
        assert result.basis == "measured on a stand-in"
        assert 0 < result.low < result.tokens_per_second < result.high
    first = found.results[0].first_token_seconds
    assert first == 32 / found.results[0].tokens_per_second and found.results[1].first_token_seconds is None


async def test_a_larger_one_in_the_time_there_is() -> None:
    shape = Shape(
        layers=12, hidden=1024, heads=8, kv_heads=2, head_size=128, feed_forward=3072, vocabulary=8000
    )
    found = await predict(header(llama(shape)), SETTINGS, WORKLOAD, backend="llama-cpp", seconds=0.01)
    assert found.layers == 12 and 1 < found.measured_layers < 6
    assert all(result.low < result.tokens_per_second < result.high for result in found.results)


async def test_what_finds_no_room_comes_from_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10 MB of weights at least half and at most all, at 50 MB a second."""
    guide, paged = read_model(workbench_guide.PATH), 5_000_000
    monkeypatch.setattr(
        predicting, "decided_from_afar", lambda header, settings, backend: Decision(settings, (), paged)
    )
    measured = Measurement(50e6, datetime.now(UTC))
    monkeypatch.setattr(disk, "recalled", lambda folder: measured)
    found = await predict(guide, SETTINGS, WORKLOAD, backend="llama-cpp")
    reading, writing = found.results
    assert reading.basis == writing.basis == "predicted"
    assert writing.low < 6 and writing.low < writing.tokens_per_second < writing.high < 12
    assert reading.tokens_per_second > 10 * writing.tokens_per_second
    assert "disk" in found.notes[0]


async def test_it_tells_that_other_programs_were_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = read_model(workbench_guide.PATH)
    for taken, notes in ((1.4, 1), (0.1, 0)):
        monkeypatch.setattr(
            predicting.Disturbance, "so_far", lambda self, cores=taken: Surroundings(cores, 2)
        )
        found = await predict(guide, SETTINGS, WORKLOAD, backend="llama-cpp")
        assert len(found.notes) == notes and all("1.4 of 2 processors" in note for note in found.notes)


async def test_what_makes_no_text_is_refused() -> None:
    with pytest.raises(Unsupported, match="does not continue text"):
        await predict(header(ARCHITECTURES["bert"]()), SETTINGS, WORKLOAD, backend="llama-cpp")


async def test_what_hangs_on_the_text_is_refused() -> None:
    guide, drafting = read_model(workbench_guide.PATH), replace(SETTINGS, speculation="ngram")
    with pytest.raises(Unsupported, match="draft"):
        await predict(guide, drafting, WORKLOAD, backend="llama-cpp")


async def test_an_engine_that_cannot_stand_in_says_so() -> None:
    with pytest.raises(Unsupported, match="scripted"):
        await predict(read_model(workbench_guide.PATH), SETTINGS, WORKLOAD, backend="scripted")


def test_a_card_that_is_not_here_is_told_by_bandwidth() -> None:
    large = header(models.llama_3_8b())
    found = predict_on(["RTX 4090"], None, large, SETTINGS, WORKLOAD, backend="llama-cpp")
    (written,) = found.results
    assert written.basis == "predicted" and found.measured_layers == 0
    bound = 1.008e12 / (large.weights_bytes - large.tensors[0].size_bytes)
    assert 0.25 * bound < written.low < written.tokens_per_second < written.high < 0.85 * bound
    assert any("bandwidth" in note for note in found.notes) and any("prompt" in note for note in found.notes)


def test_what_stays_in_main_memory_makes_a_card_slower() -> None:
    experts = header(models.qwen3_30b_a3b())
    slow, fast = (
        predict_on([card], 64 << 30, experts, SETTINGS, WORKLOAD, backend="llama-cpp").results[0]
        for card in ("RTX 4060 Ti 8GB", "RTX 4090")
    )
    assert slow.high < fast.high / 2


def test_cards_without_a_bandwidth_and_models_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="bandwidth"):
        predict_on(["24GiB"], None, header(models.llama_3_8b()), SETTINGS, WORKLOAD, backend="llama-cpp")
    with pytest.raises(DoesNotFit):
        huge = header(models.deepseek_v3())
        predict_on(["RTX 4090"], 8 << 30, huge, SETTINGS, WORKLOAD, backend="llama-cpp")
