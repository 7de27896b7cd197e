"""Stand-ins that are not opened: what they take is planted, layer by layer, so that the truth is known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from workbench.benchmark.prediction import measuring
from workbench.benchmark.prediction.measuring import Measuring, Model
from workbench.benchmark.prediction.probes import probe
from workbench.benchmark.prediction.schedule import Limits
from workbench.benchmark.prediction.traffic import Traffic
from workbench.benchmark.workload import SpeedTest
from workbench.engine_settings import EngineSettings
from workbench.gguf import Header, TensorInfo
from workbench.ports import StandIns
from workbench_llama_cpp.standing_in.stand_ins import LlamaCppStandIns

SECONDS_PER_BYTE = {
    "Q4_K": 1.0e-10, "Q6_K": 1.4e-10, "Q8_0": 0.8e-10, "IQ4_XS": 1.3e-10, "MXFP4": 1.7e-10, "F32": 3e-10,
}  # fmt: skip
READS_FASTER, CACHE_SLOWER, ON_HOST = 12.0, 1.5, 9.0
EXPERTS = ("_exps.",)


class Truth:
    """What a model takes for each token; its layers on the host take ON_HOST times as long."""

    def __init__(self, header: Header, settings: EngineSettings) -> None:
        self._traffic = Traffic(header, settings)
        self._header, layers = header, self._traffic.layers
        wanted = settings.gpu_layers
        self._host = max(0, layers + 1 - wanted) if wanted else 0
        self._experts_on_host = settings.experts_on_cpu
        arch = header.architecture
        used, every = header.number(f"{arch}.expert_used_count"), header.number(f"{arch}.expert_count")
        self._share = (used or 1) / (every or 1)

    def seconds(self, test: SpeedTest) -> float:
        faster = READS_FASTER if test.prompt else 1.0
        inside = sum(self._cost(tensor) for tensor in self._header.tensors if tensor.layer is not None)
        outside = 0.0 if test.prompt else self._traffic.outside * 1.2e-10
        kept = self._traffic.kept(range(self._traffic.layers), test.depth)
        return outside + (inside + kept * CACHE_SLOWER * 1e-10) / faster

    def _cost(self, tensor: TensorInfo) -> float:
        assert tensor.layer is not None
        if tensor.layer >= self._traffic.layers:
            return 0.0
        is_expert = any(name in tensor.name for name in EXPERTS)
        on_host = tensor.layer < self._host or (is_expert and tensor.layer < self._experts_on_host)
        share = self._share if is_expert else 1.0
        slower = ON_HOST if on_host else 1.0
        return tensor.size_bytes * share * slower * SECONDS_PER_BYTE[tensor.type.name]


Opened = list[tuple[Header, EngineSettings]]
Measure = Callable[..., Measuring]


def plant(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """From now on nothing is opened; returns what would have been."""
    seen: Opened = []

    class Planted(Truth):
        async def seconds(self, test: SpeedTest) -> float:  # type: ignore[override]
            return super().seconds(test)

    @asynccontextmanager
    async def opened(
        header: Header, stand_ins: StandIns, settings: EngineSettings, backend: str
    ) -> AsyncIterator[Planted]:
        seen.append((header, settings))
        yield Planted(header, settings)

    monkeypatch.setattr(measuring, "opened", opened)
    return seen


def measuring_of(
    header: Header,
    tests: list[SpeedTest],
    settings: EngineSettings | None = None,
    *,
    seconds: float = 30.0,
    memory: int = 64 << 30,
) -> Measuring:
    settings = settings or EngineSettings()
    model = Model(header, settings, "llama-cpp", LlamaCppStandIns())
    limits = Limits(seconds=seconds, rounds=3, memory=memory)
    return Measuring(model, [probe(test, 512) for test in tests], limits, lambda text: None)
