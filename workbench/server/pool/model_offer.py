"""What a pool is told of a model before it is loaded: how it is opened, and how it is kept.

Plain values. Knows neither files nor engines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.backend import Provider
from workbench.sampling import SamplingSettings

Progress = Callable[[float], None]
"""Told the loaded share from 0 to 1, on any thread."""
Opener = Callable[[Progress], Awaitable[Provider]]
FitsBeside = Callable[[Sequence[Provider]], Awaitable[bool]]
"""Whether the model fits into memory as it is meant to be loaded, beside these that are loaded."""


Needs = Callable[[], Awaitable[int]]
"""The bytes that the model takes once it is loaded; raises DoesNotFit where that can never be."""


async def _always_fits(loaded: Sequence[Provider]) -> bool:
    return True


async def _needs_nothing() -> int:
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOffer:
    """A model that can be served.

    Attributes:
        path: Where its file is, for programs of this user that look for it; "" where that is no matter.
        aliases: Further names that it answers to.
        preload: It is loaded when the server starts, if it fits beside those before it.
        pinned: Once loaded it stays, whatever else is asked for.
        ttl: Seconds without a request after which it is unloaded; None keeps it until its place is needed.
        system: What it is told where a conversation has no system message of its own.
        sampling: Values for what a request leaves open, by the names of SamplingSettings.
    """

    open: Opener
    fits: FitsBeside = _always_fits
    needs: Needs = _needs_nothing
    path: str = ""
    aliases: tuple[str, ...] = ()
    preload: bool = True
    pinned: bool = False
    ttl: float | None = None
    system: str = ""
    sampling: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        SamplingSettings(**self.sampling)  # type: ignore[arg-type]
