"""Where llama.cpp's own answer cannot be read: its log and the header say nearly the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blueprints import header, models
from tests.llama_cpp.architectures import ARCHITECTURES
from workbench.engine_settings import EngineSettings, TensorOverride
from workbench.gguf import Header
from workbench.memory import DeviceMemory, MemoryEstimate, VirtualGpu
from workbench_llama_cpp.estimating import log_sizes, process
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

CARD = VirtualGpu(name="Card", memory_bytes=24 << 30)
LOGGED_TO = 6000
"""Half of a hundredth of a MiB, and some padding."""


@pytest.fixture(scope="module")
def by_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppEstimator]:
    """An estimator whose worker misjudges how a map lies in memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        with pytest.MonkeyPatch.context() as start:
            start.setattr(process, "_MODULE", "tests.llama_cpp.worker_with_another_layout")
            made = LlamaCppEstimator()
            made.estimate(header(models.llama_3_8b()), EngineSettings(context_length=256), ())
        yield made
        made.close()


def assert_close(by_log: DeviceMemory, exact: DeviceMemory, layers: int) -> None:
    assert by_log.name == exact.name
    for name in ("weights_bytes", "context_bytes", "compute_bytes"):
        allowed = LOGGED_TO * (1 + layers if name == "weights_bytes" else 2)
        assert getattr(by_log, name) == pytest.approx(getattr(exact, name), abs=allowed), name


def both(
    model: Header,
    settings: EngineSettings,
    gpus: tuple[VirtualGpu, ...],
    by_log: LlamaCppEstimator,
    exact: LlamaCppEstimator,
) -> tuple[MemoryEstimate, MemoryEstimate]:
    found = by_log.estimate(model, settings, gpus), exact.estimate(model, settings, gpus)
    assert (found[0].notes, found[1].notes) == ((log_sizes.NOTE,), ())
    return found


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_on_the_cpu(
    name: str, by_log: LlamaCppEstimator, estimator: LlamaCppEstimator
) -> None:
    settings = EngineSettings(context_length=1024, parallel=2)
    logged, exact = both(header(ARCHITECTURES[name]()), settings, (), by_log, estimator)
    assert not logged.devices
    assert_close(logged.host, exact.host, layers=6)


@pytest.mark.parametrize(
    "settings",
    [
        EngineSettings(context_length=8192),
        EngineSettings(context_length=8192, gpu_layers=20),
        EngineSettings(context_length=8192, experts_on_cpu=30),
        EngineSettings(context_length=8192, tensor_overrides=(TensorOverride("attn_q", "CPU"),)),
    ],
    ids=lambda settings: f"{settings.gpu_layers} {settings.experts_on_cpu} {settings.tensor_overrides}",
)
def test_divided_between_cards_and_the_cpu(
    settings: EngineSettings, by_log: LlamaCppEstimator, estimator: LlamaCppEstimator
) -> None:
    model = header(models.qwen3_30b_a3b())
    logged, exact = both(model, settings, (CARD, CARD), by_log, estimator)
    for one, other in zip((*logged.devices, logged.host), (*exact.devices, exact.host), strict=True):
        assert_close(one, other, layers=48 * 12)
