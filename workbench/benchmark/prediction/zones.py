"""Layers that are placed alike, where a model is divided over the processor and its GPUs.

How settings divide the layers is the plan's rule: whole layers of the beginning stay on the processor, then
come those whose experts do. Knows nothing of time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.benchmark.prediction.cuts import Cut
from workbench.benchmark.prediction.traffic import Traffic
from workbench.engine_settings import EngineSettings


@dataclass(frozen=True, slots=True)
class Zone:
    """Settings that put the layers by which a cut grows where these layers are, and how often they come."""

    settings: EngineSettings
    times: float


def undivided(settings: EngineSettings) -> EngineSettings:
    """All on the GPUs where only a part would be; everything that is in one place stays there."""
    if not settings.gpu_layers and not settings.experts_on_cpu:
        return settings
    return replace(settings, gpu_layers=None, experts_on_cpu=0)


def in_one_place(settings: EngineSettings, layers: int) -> int:
    """How many layers of the model lie where `undivided` puts them all, so that there is room for them."""
    _, second = _bounds(settings, layers)
    return layers - second


def zones(settings: EngineSettings, cut: Cut, traffic: Traffic) -> list[Zone]:
    """What to measure the longer model with."""
    added, all_on_gpus = cut.long - cut.short, undivided(settings)
    first, second = _bounds(settings, traffic.layers)
    unit = max(traffic.weights(range(cut.short, cut.long)), 1)
    rest = traffic.weights(range(second, traffic.layers)) - traffic.weights(range(cut.short))
    found = [Zone(all_on_gpus, rest / unit)]
    if first:
        on_host = replace(settings, gpu_layers=cut.short + 1, experts_on_cpu=0)
        found.append(Zone(on_host, traffic.weights(range(first)) / unit))
    if second > first:
        experts = replace(all_on_gpus, experts_on_cpu=added)
        found.append(Zone(experts, traffic.weights(range(first, second)) / unit))
    return found


def _bounds(settings: EngineSettings, layers: int) -> tuple[int, int]:
    """Where the layers on the processor end, and where those with experts there end."""
    wanted = settings.gpu_layers
    on_host = max(0, layers + 1 - wanted) if wanted else 0
    return min(on_host, layers), min(max(on_host, settings.experts_on_cpu), layers)
