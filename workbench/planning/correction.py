"""A formula that is made right wherever the engine has been asked, and nearly right around there.

What the engine said more or less than the formula is kept for each part of each device, and is drawn in
straight lines between contexts and between micro-batches. Where only another division of the model was asked
about, the nearest one's differences are taken. Knows no formula and no engine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.engine_settings import EngineSettings
from workbench.memory import DeviceMemory, MemoryEstimate

Estimate = Callable[[EngineSettings], MemoryEstimate]
"""What a certain model takes on certain devices, with these settings."""

_PARTS = ("weights_bytes", "context_bytes", "compute_bytes", "overhead_bytes", "mapped_bytes")
Differences = tuple[tuple[float, ...], ...]
"""For each device, the host last, what is to be added to each of its parts."""


@dataclass(frozen=True, slots=True)
class Point:
    """What the engine said for these settings, with their context spelled out."""

    settings: EngineSettings
    estimate: MemoryEstimate


class Corrected:
    """Estimates by the formula, corrected by points. At a point itself the answer is the engine's own."""

    def __init__(self, formula: Estimate, points: Sequence[Point] = ()) -> None:
        self._formula = formula
        self._points: list[tuple[EngineSettings, Differences, MemoryEstimate | None]] = []
        for point in points:
            self.learn(point.settings, point.estimate)

    def __call__(self, settings: EngineSettings) -> MemoryEstimate:
        for at, _, said in self._points:
            if at == settings and said is not None:
                return said
        estimate = self._formula(settings)
        fitting = [(at, by) for at, by, _ in self._points if len(by) == len(estimate.devices) + 1]
        if not fitting:
            return estimate
        nearest = min(_distance(settings, at) for at, _ in fitting)
        return _moved(
            estimate, _between(settings, [one for one in fitting if _distance(settings, one[0]) == nearest])
        )

    def learn(self, settings: EngineSettings, estimate: MemoryEstimate) -> None:
        """Take what the engine said into account from now on; its context must be given in the settings."""
        expected = self._formula(settings)
        if len(expected.devices) == len(estimate.devices):
            differences = tuple(
                tuple(getattr(said, part) - getattr(ours, part) for part in _PARTS)
                for said, ours in zip(_every(estimate), _every(expected), strict=True)
            )
            self._points.append((settings, differences, estimate))

    def learn_from(self, sibling: Corrected) -> None:
        """Take over what was learnt of the same model in another quantization."""
        self._points += [(settings, differences, None) for settings, differences, _ in sibling._points]


def _every(estimate: MemoryEstimate) -> tuple[DeviceMemory, ...]:
    return (*estimate.devices, estimate.host)


def _distance(one: EngineSettings, other: EngineSettings) -> tuple[int, ...]:
    """How unlike the division and the caches are, what changes the buffers most first."""
    return (
        int(one.flash_attention != other.flash_attention),
        int((one.kv_type_k, one.kv_type_v) != (other.kv_type_k, other.kv_type_v)),
        int(one.tensor_overrides != other.tensor_overrides),
        int(bool(one.experts_on_cpu) != bool(other.experts_on_cpu)),
        int((one.gpu_layers is None) != (other.gpu_layers is None)),
        int(one.split != other.split),
        abs((one.gpu_layers or 0) - (other.gpu_layers or 0)),
        abs(one.experts_on_cpu - other.experts_on_cpu),
        abs(one.parallel - other.parallel),
    )


def _between(settings: EngineSettings, near: Sequence[tuple[EngineSettings, Differences]]) -> Differences:
    """Along the contexts for each micro-batch, then along the micro-batches."""
    by_batch: dict[int, list[tuple[int, Differences]]] = {}
    for at, differences in near:
        by_batch.setdefault(at.micro_batch, []).append((_tokens(at), differences))
    along = [(batch, _on_line(_tokens(settings), points)) for batch, points in by_batch.items()]
    return _on_line(settings.micro_batch, along)


def _tokens(settings: EngineSettings) -> int:
    return (settings.context_length or 0) * settings.parallel


def _on_line(at: int, points: Sequence[tuple[int, Differences]]) -> Differences:
    """On the straight line between the two points around `at`; beyond the last ones, as at those."""
    points = sorted(points)
    index = bisect_right([place for place, _ in points], at)
    (left, low), (right, high) = points[max(index - 1, 0)], points[min(index, len(points) - 1)]
    share = (at - left) / (right - left) if right > left else 0.0
    return tuple(
        tuple(a + (b - a) * share for a, b in zip(these, those, strict=True))
        for these, those in zip(low, high, strict=True)
    )


def _moved(estimate: MemoryEstimate, differences: Differences) -> MemoryEstimate:
    moved = [
        replace(
            device,
            **{part: max(0, round(getattr(device, part) + by)) for part, by in zip(_PARTS, bys, strict=True)},
        )
        for device, bys in zip(_every(estimate), differences, strict=True)
    ]
    return replace(estimate, devices=tuple(moved[:-1]), host=moved[-1])
