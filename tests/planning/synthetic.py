"""A model whose memory is simple to work out by hand, for searches that are to be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.engine_settings import EngineSettings
from workbench.memory import DeviceMemory, MemoryEstimate
from workbench.planning.search import Shape

_CACHE = {"f16": 16, "q8_0": 8, "q4_0": 4}
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Layers of one size, each with experts of another; every token costs the same in each layer.

    Called as an estimate. The GPUs divide the layers by the split, or in equal parts.
    """

    layers: int = 10
    layer_bytes: int = 100 * MIB
    expert_bytes: int = 0
    token_bytes: int = 64
    batch_bytes: int = 4096
    output_bytes: int = 50 * MIB
    gpus: int = 1
    trained: int = 65536

    @property
    def shape(self) -> Shape:
        experts = self.layers if self.expert_bytes else 0
        return Shape(layers=self.layers, expert_layers=experts, trained_context=self.trained)

    def __call__(self, settings: EngineSettings) -> MemoryEstimate:
        every = self.layers + 1
        wanted = every if settings.gpu_layers is None else min(settings.gpu_layers, every)
        units = list(range(every - wanted, every)) if self.gpus else []
        places = [units[start:end] for start, end in self._bounds(settings.split, len(units))]
        devices = tuple(
            self._device(f"GPU{index}", held, settings, self._compute(settings))
            for index, held in enumerate(places)
        )
        rest = [unit for unit in range(every) if unit not in units]
        host = self._device("CPU", rest, settings, self._compute(settings))
        moved = sum(self._experts(unit, settings) for unit in units)
        host = DeviceMemory(
            name="CPU",
            weights_bytes=host.weights_bytes + moved,
            context_bytes=host.context_bytes,
            compute_bytes=host.compute_bytes,
        )
        return MemoryEstimate(devices=devices, host=host, basis="formula")

    def _bounds(self, split: Sequence[float], count: int) -> list[tuple[int, int]]:
        shares = split or [1.0] * self.gpus
        ends = [round(count * sum(shares[: index + 1]) / sum(shares)) for index in range(self.gpus)]
        return list(zip([0, *ends], ends, strict=False))

    def _device(
        self, name: str, units: Sequence[int], settings: EngineSettings, compute: int
    ) -> DeviceMemory:
        layers = [unit for unit in units if unit < self.layers]
        weights = len(layers) * (self.layer_bytes + self.expert_bytes)
        weights += self.output_bytes if len(units) > len(layers) else 0
        if name != "CPU":
            weights -= sum(self._experts(unit, settings) for unit in layers)
        tokens = (settings.context_length or 0) * settings.parallel
        kept = tokens * len(layers) * self.token_bytes * _CACHE[settings.kv_type_k]
        return DeviceMemory(name=name, weights_bytes=weights, context_bytes=kept, compute_bytes=compute)

    def _experts(self, unit: int, settings: EngineSettings) -> int:
        return self.expert_bytes if unit < min(settings.experts_on_cpu, self.layers) else 0

    def _compute(self, settings: EngineSettings) -> int:
        return settings.micro_batch * self.batch_bytes
