"""The memory that may be used, device by device, and whether an estimate stays inside it.

Knows nothing of where either comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.memory import MemoryEstimate

Fit = Literal["fits", "tight", "no"]

LIMIT = "limit"
"""Where bytes are missing that there are, but that may not be taken."""

MARGIN_BYTES = 512 << 20
"""Less than this to spare on a device is tight: drivers, other programs and fragments take some of it."""
HOST_MARGIN = 0.05
"""Likewise the share of the main memory; the margin is never more than MARGIN_BYTES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is free.

    Attributes:
        devices: Bytes on each GPU, in the engine's order.
        host: Bytes of main memory.
        unified: Whether the GPUs take their share out of main memory.
        most: Bytes that may be taken in all, wherever they are; None for what there is.
    """

    devices: tuple[int, ...]
    host: int
    unified: bool = False
    most: int | None = None

    @property
    def host_margin(self) -> int:
        return min(MARGIN_BYTES, int(self.host * HOST_MARGIN))

    def margin(self, device: int) -> int:
        free = self.devices[device] if device < len(self.devices) else 0
        return min(MARGIN_BYTES, int(free * HOST_MARGIN))


@dataclass(frozen=True, slots=True)
class Spare:
    """What an estimate leaves of a budget; negative where it takes more than there is."""

    devices: tuple[int, ...]
    host: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it fits.

    Attributes:
        short: The names of the places where it does not, each with the bytes missing.
        paged_bytes: Weights that will be read from the disk again and again, as they find no room.
    """

    fit: Fit
    spare: Spare
    short: tuple[tuple[str, int], ...] = ()
    paged_bytes: int = 0

    @property
    def possible(self) -> bool:
        return self.fit != "no"


def fits(estimate: MemoryEstimate, budget: Budget) -> Verdict:
    """It fits with a margin everywhere, is tight with less, and no is more than there is somewhere.

    Weights that stay mapped from their file do not need room, but it is tight without.
    """
    spare = _spare(estimate, budget)
    short = [
        (device.name, -left) for device, left in zip(estimate.devices, spare.devices, strict=True) if left < 0
    ]
    if spare.host + estimate.host.mapped_bytes < 0:
        short.append((estimate.host.name, -spare.host - estimate.host.mapped_bytes))
    if budget.most is not None and estimate.total_bytes > budget.most:
        short.append((LIMIT, estimate.total_bytes - budget.most))
    if short:
        return Verdict("no", spare, tuple(short))
    wide = all(left >= budget.margin(index) for index, left in enumerate(spare.devices))
    fit: Fit = "fits" if wide and spare.host >= budget.host_margin else "tight"
    return Verdict(fit, spare, paged_bytes=max(0, -spare.host))


def _spare(estimate: MemoryEstimate, budget: Budget) -> Spare:
    """Devices that the budget does not know have nothing to spare."""
    free = [*budget.devices, *[0] * len(estimate.devices)]
    taken = [device.total_bytes for device in estimate.devices]
    shared = sum(taken) if budget.unified else 0
    return Spare(
        tuple(has - takes for has, takes in zip(free, taken, strict=False)),
        budget.host - estimate.host.total_bytes - shared,
    )
