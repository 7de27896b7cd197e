"""What this machine can do at most: how many bytes it reads in a second, and how many operations it does.

An operation is one of floating-point numbers; a multiplication and an addition count as two. Knows nothing of
what a model needs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from workbench.engine_profile import EngineProfile, Kernel
from workbench.errors import WorkbenchError
from workbench.machine import Machine, bandwidth

Basis = Literal["measured", "published", "predicted"]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """So many bytes or operations a second, and how that is known."""

    per_second: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class Ceilings:
    """By place, "CPU" or a card as the engine calls it, and by type of weights."""

    memory: dict[str, Ceiling]
    kernels: tuple[Kernel, ...]

    def reading(self, place: str) -> Ceiling | None:
        """Bytes a second. Kernels that were seen to read faster than expected raise it."""
        seen = [kernel.bytes_per_second for kernel in self.kernels if kernel.place == place]
        known = self.memory.get(place)
        best = max(seen, default=0.0)
        if known is None:
            return Ceiling(best, "measured") if seen else None
        return known if known.per_second >= best else Ceiling(best, "measured")

    def multiplying(self, place: str, kind: str) -> Ceiling | None:
        """Operations a second with weights of a type."""
        kernel = self.kernel(place, kind)
        return Ceiling(kernel.operations_per_second, "measured") if kernel else None

    def kernel(self, place: str, kind: str) -> Kernel | None:
        return next((one for one in self.kernels if (one.place, one.type) == (place, kind)), None)


def ceilings(profile: EngineProfile, here: Machine) -> Ceilings:
    """Measures the main memory with the engine's own threads; cards are as their data sheets say."""
    memory = _cards(profile, here)
    with suppress(WorkbenchError):  # then the kernels tell what they saw
        memory["CPU"] = Ceiling(bandwidth.measured_with(here, profile.threads), "measured")
    return Ceilings(memory, profile.kernels)


def _cards(profile: EngineProfile, here: Machine) -> dict[str, Ceiling]:
    """Engines number the cards of a kind, such as CUDA1."""
    places = {part.place for one in (profile.write, profile.read) for part in one.parts} - {"CPU"}
    found: dict[str, Ceiling] = {}
    for place in places:
        known = _bandwidths(here, place)
        number = int(match[0]) if (match := re.search(r"\d+$", place)) else 0
        if number < len(known) and (speed := known[number]):
            found[place] = Ceiling(speed, "published")
    return found


def _bandwidths(here: Machine, place: str) -> Sequence[float | None]:
    api = re.sub(r"\d+$", "", place).lower()
    same = [gpu.bandwidth for gpu in here.gpus if gpu.api == api]
    return same or [gpu.bandwidth for gpu in here.gpus]
