"""From parts to the whole: the truth is planted, and must come out for every kind of model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.blueprints import Blueprint, header, models, transformers
from tests.blueprints.parts import Shape
from tests.prediction.planted import Opened, Truth, measuring_of, plant
from workbench.benchmark.workload import SpeedTest
from workbench.engine_settings import EngineSettings, TensorOverride
from workbench.errors import InvalidModel, Unsupported
from workbench.gguf import Header

READING, WRITING = SpeedTest(512, 0, 0), SpeedTest(0, 128, 0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    return plant(monkeypatch)


def mixed() -> Header:
    """A Q4_K_M: of its 28 layers half have some matrices in more bits, those at both ends above all."""
    dense = Shape(
        layers=28, hidden=2048, heads=16, kv_heads=8, head_size=128, feed_forward=6144, vocabulary=151_936,
        tied=True,
    )  # fmt: skip
    rich = header(transformers.llama(dense))
    plain = header(transformers.llama(replace(dense, large="Q4_K")))
    spared = {*range(3), *range(24, 28), *range(5, 24, 3)}
    pairs = zip(rich.tensors, plain.tensors, strict=True)
    return replace(rich, tensors=tuple(one if one.layer in spared else other for one, other in pairs))


@pytest.mark.parametrize("blueprint", models.TEN.values(), ids=models.TEN)
async def test_a_part_tells_the_whole(blueprint: Callable[[], Blueprint], opened: Opened) -> None:
    whole = header(blueprint())
    measured = await measuring_of(whole, [READING, WRITING], seconds=20).run()
    truth = Truth(whole, EngineSettings())
    for test in (READING, WRITING):
        assert measured.samples[test].usual == pytest.approx(truth.seconds(test), rel=0.03)
    assert max(part.weights_bytes for part, _ in opened) < whole.weights_bytes


async def test_types_that_differ_from_layer_to_layer_are_weighed(opened: Opened) -> None:
    whole = mixed()
    measured = await measuring_of(whole, [READING, WRITING], seconds=8).run()
    assert measured.layers < 14
    truth = Truth(whole, EngineSettings())
    for test in (READING, WRITING):
        assert measured.samples[test].usual == pytest.approx(truth.seconds(test), rel=0.03)


@pytest.mark.parametrize("blueprint", [models.llama_3_8b, models.gemma_3_27b, models.qwen3_next_80b_a3b])
async def test_depth_is_told_by_the_first_layers(blueprint: Callable[[], Blueprint], opened: Opened) -> None:
    whole = header(blueprint())
    deep = [replace(READING, depth=16_384), replace(WRITING, depth=16_384)]
    measured = await measuring_of(whole, deep, seconds=20).run()
    truth = Truth(whole, EngineSettings())
    for test in deep:
        assert measured.samples[test].usual == pytest.approx(truth.seconds(test), rel=0.05)
        shallow = truth.seconds(replace(test, depth=0))
        assert measured.samples[test].usual > 1.02 * shallow


@pytest.mark.parametrize(
    "settings",
    [
        EngineSettings(gpu_layers=20),
        EngineSettings(experts_on_cpu=30),
        EngineSettings(gpu_layers=40, experts_on_cpu=44),
        EngineSettings(gpu_layers=0),
    ],
    ids=["some layers", "some experts", "layers and experts", "none on the GPU"],
)
async def test_layers_count_by_where_they_are(settings: EngineSettings, opened: Opened) -> None:
    whole = header(models.qwen3_30b_a3b())
    measured = await measuring_of(whole, [WRITING], settings, seconds=3).run()
    assert measured.samples[WRITING].usual == pytest.approx(Truth(whole, settings).seconds(WRITING), rel=0.05)


async def test_what_is_quick_is_measured_whole_and_as_it_would_be_loaded(opened: Opened) -> None:
    whole, settings = header(models.lfm2_1_2b()), EngineSettings(gpu_layers=7)
    measured = await measuring_of(whole, [READING, WRITING], settings, seconds=600).run()
    assert measured.layers == 16
    assert opened[-1] == (opened[-1][0], settings) and len(opened[-1][0].tensors) == len(whole.tensors)
    assert measured.samples[READING].usual == Truth(whole, settings).seconds(READING)


async def test_memory_limits_what_is_built(opened: Opened) -> None:
    whole = header(models.llama_3_70b())
    await measuring_of(whole, [WRITING], seconds=1e6, memory=6 << 30).run()
    assert max(part.weights_bytes for part, _ in opened) <= 3 << 30


async def test_long_tests_are_told_from_their_middle(opened: Opened) -> None:
    whole = header(models.llama_3_8b())
    long = [SpeedTest(8192, 0, 0), SpeedTest(0, 4096, 0)]
    measured = await measuring_of(whole, long, seconds=20).run()
    truth = Truth(whole, EngineSettings())
    for test in long:
        middle = replace(test, depth=(test.prompt or test.generate) // 2)
        assert measured.samples[test].usual == pytest.approx(truth.seconds(middle), rel=0.05)


async def test_single_tensors_elsewhere_are_refused(opened: Opened) -> None:
    settings = EngineSettings(tensor_overrides=(TensorOverride("ffn", "CPU"),))
    with pytest.raises(Unsupported, match="single tensors"):
        await measuring_of(header(models.llama_3_8b()), [WRITING], settings).run()
    assert not opened


async def test_a_kind_that_cannot_be_cut_is_told(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(header: Header, layers: int) -> Header:
        raise InvalidModel("A tensor is missing.", "Get another.")

    asked = measuring_of(header(models.llama_3_8b()), [WRITING])
    monkeypatch.setattr(asked._model.stand_ins, "shortened", refused)
    with pytest.raises(Unsupported, match="no part of a model of the kind llama"):
        await asked.run()
