"""Settings against those that hold the place so far: short measurements in turns, and the slower half goes.

Successive halving: all rivals are measured a little, the better half some more, until one has been measured
enough to be believed. Knows nothing of how a measurement is made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.tuning.comparing import LOSSES, Comparison

Measure = Callable[[EngineSettings, int], Awaitable[float]]
"""Tokens per second with these settings. In the same turn, by number, the same is read and written.

Raises WorkbenchError where it cannot be loaded so.
"""

_RUNGS = (2, 1, 2)
"""Pairs that are measured before each halving."""
_FEWEST = 6
"""Turns of a duel; a race has one less, because a duel follows."""


@dataclass(slots=True)
class Rival:
    """Settings, how fast they were in each turn beside the holder, and why they could not go on."""

    settings: EngineSettings
    speeds: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    trouble: str = ""

    @property
    def comparison(self) -> Comparison | None:
        return Comparison(tuple(self.speeds), tuple(self.beside)) if self.speeds else None

    @property
    def gain(self) -> float:
        return self.comparison.gain if self.comparison else -1.0

    @property
    def is_faster(self) -> bool:
        return not self.trouble and self.comparison is not None and self.comparison.is_faster


async def race(
    measure: Measure, holder: EngineSettings, settings: Sequence[EngineSettings]
) -> tuple[Rival, ...]:
    """What was measured of each, in the order given.

    Raises WorkbenchError where the holder itself can no longer be measured.
    """
    rivals = tuple(Rival(one) for one in settings)
    field, turn = list(rivals), 0
    for pairs in _RUNGS:
        for _ in range(pairs):
            await _turn(measure, holder, field, turn)
            turn += 1
        field = _better_half(field)
        if not field:
            break
    return rivals


def winner(rivals: Sequence[Rival]) -> Rival | None:
    """The fastest of those that are faster than the holder beyond noise."""
    faster = (rival for rival in rivals if rival.is_faster)
    return max(faster, key=lambda rival: rival.gain, default=None)


async def duel(measure: Measure, holder: EngineSettings, challenger: EngineSettings) -> Rival:
    """As many turns as it takes to tell whether the challenger is faster, or is not.

    Raises as `race`; the challenger may have trouble.
    """
    rival = Rival(challenger)
    for turn in range(max(LOSSES)):
        await _turn(measure, holder, [rival], turn)
        if rival.trouble or _is_over(rival, turn + 1):
            break
    return rival


def _is_over(rival: Rival, turns: int) -> bool:
    lost = sum(one <= other for one, other in zip(rival.speeds, rival.beside, strict=True))
    return (turns >= _FEWEST and rival.is_faster) or lost > max(LOSSES.values())


async def _turn(measure: Measure, holder: EngineSettings, field: Sequence[Rival], turn: int) -> None:
    """Each once; every other turn backwards, so that none is always measured after the same one."""
    speeds: dict[EngineSettings, float] = {}
    order = [holder, *(rival.settings for rival in field)]
    for settings in order if turn % 2 == 0 else reversed(order):
        rival = next((one for one in field if one.settings == settings), None)
        try:
            speeds[settings] = await measure(settings, turn)
        except WorkbenchError as error:
            if rival is None:
                raise
            rival.trouble = error.message
    for rival in field:
        if rival.settings in speeds:
            rival.speeds.append(speeds[rival.settings])
            rival.beside.append(speeds[holder])


def _better_half(field: Sequence[Rival]) -> list[Rival]:
    """Without those that have trouble, or have only ever been slower, and clearly so."""
    going = [one for one in field if one.comparison and not one.trouble and not one.comparison.is_hopeless]
    going.sort(key=lambda rival: -rival.gain)
    return going[: -(-len(going) // 2)]
