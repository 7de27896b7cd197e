"""What each setting buys: the same model with one setting changed, and the bytes that this saves or costs.

Knows no aim. The numbers come from the estimate it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workbench.engine_settings import EngineSettings
from workbench.memory import MemoryEstimate
from workbench.planning.correction import Estimate
from workbench.planning.flags import flags
from workbench.planning.search import Shape


@dataclass(frozen=True, slots=True)
class Lever:
    """One change, and the bytes more (or, negative, less) that it takes."""

    change: str
    gpu_bytes: int
    host_bytes: int


def levers(estimate: Estimate, settings: EngineSettings, shape: Shape) -> tuple[Lever, ...]:
    """What could be turned from here, one thing at a time."""
    now = estimate(settings)
    return tuple(_lever(estimate, settings, changed, now) for changed in _changes(settings, shape, now))


def _lever(
    estimate: Estimate, settings: EngineSettings, changed: EngineSettings, now: MemoryEstimate
) -> Lever:
    then = estimate(changed)
    return Lever(
        flags(changed, settings), _on_gpus(then) - _on_gpus(now), then.host.total_bytes - now.host.total_bytes
    )


def _on_gpus(estimate: MemoryEstimate) -> int:
    return sum(device.total_bytes for device in estimate.devices)


def _changes(settings: EngineSettings, shape: Shape, now: MemoryEstimate) -> Iterator[EngineSettings]:
    context = settings.context_length or 0
    if 2 * context <= shape.trained_context:
        yield replace(settings, context_length=2 * context)
    if context >= 1024:
        yield replace(settings, context_length=context // 2)
    if settings.flash_attention != "off":
        for kind in ("f16", "q8_0", "q4_0"):
            if kind != settings.kv_type_k:
                yield replace(settings, kv_type_k=kind, kv_type_v=kind)
    for batch in (settings.micro_batch // 2, settings.micro_batch * 2):
        if 32 <= batch <= min(4096, context):
            yield replace(settings, micro_batch=batch)
    yield replace(settings, parallel=settings.parallel + 1)
    if now.devices:
        yield from _other_divisions(settings, shape)


def _other_divisions(settings: EngineSettings, shape: Shape) -> Iterator[EngineSettings]:
    layers = shape.layers + 1 if settings.gpu_layers is None else settings.gpu_layers
    for count in (layers - 1, layers + 1):
        if 0 <= count <= shape.layers + 1 and count != layers:
            yield replace(settings, gpu_layers=count)
    for count in (settings.experts_on_cpu - 1, settings.experts_on_cpu + 1):
        if 0 <= count <= shape.expert_layers:
            yield replace(settings, experts_on_cpu=count)
