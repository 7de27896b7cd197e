"""The fastest way to divide a model over the devices that fits the memory there is.

For one context and one kind of cache: everything on the GPUs, else the experts of as few layers as possible
in main memory, else as many whole layers as fit. A pure function of an estimate; knows no header and no
engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workbench.engine_settings import EngineSettings
from workbench.memory import MemoryEstimate
from workbench.planning.bisection import first, last
from workbench.planning.budget import Budget, Verdict, fits
from workbench.planning.correction import Estimate

_BALANCING_STEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What must be known of a model to divide it.

    Attributes:
        layers: Without the output layer.
        expert_layers: The first so many may have experts; 0 for a dense model.
        trained_context: Tokens it was trained for.
    """

    layers: int
    expert_layers: int = 0
    trained_context: int = 8192


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings with what they take and whether that fits."""

    settings: EngineSettings
    estimate: MemoryEstimate
    verdict: Verdict

    def cost(self, shape: Shape) -> tuple[int, int]:
        """How much is left to the processor: whole layers, then experts. Less is faster."""
        if not self.estimate.devices:
            return 0, 0
        every = shape.layers + 1
        wanted = every if self.settings.gpu_layers is None else self.settings.gpu_layers
        return max(0, every - wanted), min(self.settings.experts_on_cpu, shape.expert_layers)


class Search:
    """Divides one model on one budget; `free` names the settings that may be chosen."""

    def __init__(self, estimate: Estimate, budget: Budget, shape: Shape, free: frozenset[str]) -> None:
        self.estimate = estimate
        self.budget = budget
        self.shape = shape
        self.free = free

    def judged(self, settings: EngineSettings) -> Candidate:
        estimate = self.estimate(settings)
        return Candidate(settings, estimate, fits(estimate, self.budget))

    def divided(self, settings: EngineSettings) -> Candidate:
        """The fastest division that fits with a margin, else one that is tight, else the nearest miss."""
        candidates = list(self.divisions(settings))
        for wanted in ("fits", "tight"):
            for candidate in candidates:
                if candidate.verdict.fit == wanted:
                    return candidate
        return min(candidates, key=lambda candidate: sum(missing for _, missing in candidate.verdict.short))

    def divisions(self, settings: EngineSettings) -> Iterator[Candidate]:
        """The fastest first: each kind of division, with a margin and without."""
        whole = self.whole(settings)
        yield whole
        if not whole.estimate.devices or whole.verdict.fit == "fits":
            return
        for margin in (True, False):
            if self._may("experts_on_cpu") and self.shape.expert_layers:
                yield from self._with_experts_on_cpu(settings, margin)
            if self._may("gpu_layers"):
                yield from self._with_fewer_layers(settings, margin)

    def _may(self, lever: str) -> bool:
        return lever in self.free

    def whole(self, settings: EngineSettings) -> Candidate:
        """Divided no further than asked; over several GPUs as even as it can be made."""
        candidate = self.judged(settings)
        if self._may("split") and len(candidate.estimate.devices) > 1 and candidate.verdict.fit != "fits":
            return max(self._balanced(candidate), key=lambda one: min(one.verdict.spare.devices))
        return candidate

    def _balanced(self, candidate: Candidate) -> Iterator[Candidate]:
        """Shares in proportion to the room that each GPU has for layers, corrected by what came of them."""
        yield candidate
        for _ in range(_BALANCING_STEPS):
            shares = self._shares(candidate)
            if shares is None:
                return
            candidate = self.judged(replace(candidate.settings, split=shares))
            yield candidate

    def _shares(self, candidate: Candidate) -> tuple[float, ...] | None:
        devices = candidate.estimate.devices
        held = [device.weights_bytes + device.context_bytes for device in devices]
        room = [
            max(0, free - (device.total_bytes - holds))
            for free, device, holds in zip(self.budget.devices, devices, held, strict=False)
        ]
        now = candidate.settings.split or self.budget.devices
        if not all(held) or not any(room):
            return None
        shares = [share * has / holds for share, has, holds in zip(now, room, held, strict=False)]
        return tuple(round(100 * share / sum(shares), 1) for share in shares)

    def _with_experts_on_cpu(self, settings: EngineSettings, margin: bool) -> Iterator[Candidate]:
        def on_cpu(count: int) -> Candidate:
            return self.whole(replace(settings, experts_on_cpu=count))

        count = first(1, self.shape.expert_layers, lambda count: self._has_room(on_cpu(count), margin))
        yield on_cpu(self.shape.expert_layers if count is None else count)

    def _with_fewer_layers(self, settings: EngineSettings, margin: bool) -> Iterator[Candidate]:
        """Of a model with experts, these go first, as they are the cheapest to compute elsewhere."""
        experts = self.shape.expert_layers if self._may("experts_on_cpu") else settings.experts_on_cpu

        def divided(layers: int, experts: int) -> Candidate:
            return self.whole(replace(settings, gpu_layers=layers, experts_on_cpu=experts))

        def has_room(layers: int, experts: int) -> bool:
            return self._has_room(divided(layers, experts), margin)

        layers = last(0, self.shape.layers, lambda count: has_room(count, experts)) or 0
        fewer = first(settings.experts_on_cpu, experts, lambda count: has_room(layers, count))
        yield divided(layers, experts if fewer is None else fewer)

    def _has_room(self, candidate: Candidate, margin: bool) -> bool:
        """On the GPUs; what is then left to main memory is judged afterwards."""
        return all(
            spare >= (self.budget.margin(index) if margin else 0)
            for index, spare in enumerate(candidate.verdict.spare.devices)
        )
