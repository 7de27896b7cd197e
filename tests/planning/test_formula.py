"""The formula against the engine's own dry runs: weights and caches to the byte, buffers nearly."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import pytest

from tests.blueprints import header, models
from tests.llama_cpp.architectures import ARCHITECTURES
from tests.planning.cards import LARGE
from workbench.engine_settings import EngineSettings, TensorOverride
from workbench.memory import DeviceMemory, MemoryEstimate, VirtualGpu
from workbench.planning.formula import Formula
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

SECOND = replace(LARGE, name="Second")
FIELDS = ("weights_bytes", "context_bytes", "mapped_bytes")
DIVISIONS: dict[str, tuple[tuple[VirtualGpu, ...], dict[str, object]]] = {
    "CPU": ((), {}),
    "one GPU": ((LARGE,), {}),
    "two GPUs": ((LARGE, SECOND), {}),
    "uneven": ((LARGE, SECOND), {"split": (3.0, 1.0)}),
    "output layer only": ((LARGE,), {"gpu_layers": 1}),
    "some layers": ((LARGE,), {"gpu_layers": 4}),
    "no layers": ((LARGE,), {"gpu_layers": 0}),
    "experts": ((LARGE,), {"experts_on_cpu": 2}),
    "override": ((LARGE,), {"tensor_overrides": (TensorOverride(r"blk\.1\..*ffn", "CPU"),)}),
}


def compared(said: MemoryEstimate, ours: MemoryEstimate) -> list[tuple[DeviceMemory, DeviceMemory]]:
    """Device by device; the engine leaves out those on which nothing lies."""
    nothing = {"weights_bytes": 0, "context_bytes": 0, "compute_bytes": 0}
    found = {device.name: device for device in said.devices}
    devices = [found.get(one.name, DeviceMemory(name=one.name, **nothing)) for one in ours.devices]
    return list(zip([*devices, said.host], [*ours.devices, ours.host], strict=True))


@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_and_caches_are_the_engines(
    architecture: str, division: str, estimator: LlamaCppEstimator
) -> None:
    cards, settings = DIVISIONS[division]
    tiny = header(ARCHITECTURES[architecture]())
    wanted = EngineSettings(context_length=1024, **settings)  # type: ignore[arg-type]
    for said, ours in compared(
        estimator.estimate(tiny, wanted, cards), Formula(tiny).estimate(wanted, cards)
    ):
        for field in FIELDS:
            assert getattr(ours, field) == getattr(said, field), (ours.name, field)


@pytest.mark.parametrize(
    "settings",
    [
        {"parallel": 3, "context_length": 512, "micro_batch": 64},
        {"kv_type_k": "q8_0", "kv_type_v": "q8_0"},
        {"kv_type_k": "f16", "kv_type_v": "f16", "flash_attention": "off", "context_length": 700},
        {"context_length": 4096},
    ],
)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_caches_of_any_settings_are_the_engines(
    architecture: str, settings: dict[str, object], estimator: LlamaCppEstimator
) -> None:
    tiny = header(ARCHITECTURES[architecture]())
    wanted = EngineSettings(**{"context_length": 1024, **settings})  # type: ignore[arg-type]
    for cards in ((), (LARGE, SECOND)):
        said, ours = estimator.estimate(tiny, wanted, cards), Formula(tiny).estimate(wanted, cards)
        for theirs, mine in compared(said, ours):
            assert mine.context_bytes == theirs.context_bytes


@pytest.mark.slow
@pytest.mark.parametrize("cards", [(), (LARGE,)])
@pytest.mark.parametrize("model", models.TEN)
def test_large_models_come_out_within_two_percent(
    model: str, cards: tuple[VirtualGpu, ...], estimator: LlamaCppEstimator
) -> None:
    large = header(models.TEN[model]())
    formula = Formula(large)
    for context in (8192, 32_768, 131_072):
        for kind in ("f16", "q8_0"):
            wanted = EngineSettings(context_length=context, kv_type_k=kind, kv_type_v=kind)
            said, ours = estimator.estimate(large, wanted, cards), formula.estimate(wanted, cards)
            for theirs, mine in compared(said, ours):
                assert (mine.weights_bytes, mine.context_bytes) == (
                    theirs.weights_bytes,
                    theirs.context_bytes,
                )
                assert mine.compute_bytes == pytest.approx(theirs.compute_bytes, rel=0.3)
            assert ours.total_bytes == pytest.approx(said.total_bytes, rel=0.02)


@pytest.mark.parametrize("model", models.TEN)
def test_an_evaluation_takes_less_than_a_millisecond(model: str) -> None:
    formula, wanted = Formula(header(models.TEN[model]())), EngineSettings()
    formula.estimate(wanted, (LARGE, SECOND))
    spent = []
    for context in range(1024, 1024 + 101):
        settings = replace(wanted, context_length=context)
        started = time.perf_counter()
        formula.estimate(settings, (LARGE, SECOND))
        spent.append(time.perf_counter() - started)
    assert statistics.median(spent) < 0.001
