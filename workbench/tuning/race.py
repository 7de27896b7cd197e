"""Settings against those that hold the place so far: short measurements in turns, and the slower half goes.

Successive halving: all rivals are measured a little, the better half some more, until one has been measured
enough to be believed. Knows nothing of how a measurement is made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.tuning.comparing import LOSSES, Comparison

Measure = Callable[[EngineSettings, int], Awaitable[float]]
"""Tokens per second with these settings. In the same turn, by number, the same is read and written.

Raises WorkbenchError where it cannot be loaded so.
"""

Renew = Callable[[], Awaitable[None]]
"""Has everything opened anew for the next measurement."""

_RUNGS = (2, 1, 2)
"""Pairs that are measured before each halving."""
_FEWEST = 6
"""Turns of a duel; a race has one less, because a duel follows."""
_TURNS_TOGETHER = 3
"""Processes with the same settings differ by where their memory came to lie, as long as they live."""


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
    measure: Measure, turns: Iterator[int], holder: EngineSettings, settings: Sequence[EngineSettings]
) -> tuple[Rival, ...]:
    """What was measured of each, in the order given; `turns` are numbers that were not used before.

    Raises WorkbenchError where the holder itself can no longer be measured.
    """
    rivals = tuple(Rival(one) for one in settings)
    running = list(rivals)
    for pairs in _RUNGS:
        for turn in islice(turns, pairs):
            await _turn(measure, turn, holder, running)
        running = _better_half(running)
        if not running:
            break
    return rivals


def winner(rivals: Sequence[Rival]) -> Rival | None:
    """The fastest of those that are faster than the holder beyond noise."""
    faster = (rival for rival in rivals if rival.is_faster)
    return max(faster, key=lambda rival: rival.gain, default=None)


async def duel(
    measure: Measure,
    turns: Iterator[int],
    holder: EngineSettings,
    challenger: EngineSettings,
    renew: Renew,
) -> Rival:
    """As many turns as it takes to tell whether the challenger is faster, each in several processes.

    Raises as `race`; the challenger may have trouble.
    """
    rival = Rival(challenger)
    for turn in islice(turns, max(LOSSES)):
        if len(rival.speeds) % _TURNS_TOGETHER == 0:
            await renew()
        await _turn(measure, turn, holder, [rival])
        if rival.trouble or _is_over(rival):
            break
    return rival


def _is_over(rival: Rival) -> bool:
    lost = sum(one <= other for one, other in zip(rival.speeds, rival.beside, strict=True))
    return (len(rival.speeds) >= _FEWEST and rival.is_faster) or lost > max(LOSSES.values())


async def _turn(measure: Measure, turn: int, holder: EngineSettings, running: Sequence[Rival]) -> None:
    """Each once; every other turn backwards, so that none is always measured after the same one."""
    speeds: dict[EngineSettings, float] = {}
    order = [holder, *(rival.settings for rival in running)]
    for settings in order if turn % 2 == 0 else reversed(order):
        rival = next((one for one in running if one.settings == settings), None)
        try:
            speeds[settings] = await measure(settings, turn)
        except WorkbenchError as error:
            if rival is None:
                raise
            rival.trouble = error.message
    for rival in running:
        if rival.settings in speeds:
            rival.speeds.append(speeds[rival.settings])
            rival.beside.append(speeds[holder])


def _better_half(running: Sequence[Rival]) -> list[Rival]:
    """Without those that have trouble, or have only ever been slower, and clearly so."""
    going = [one for one in running if one.comparison and not one.trouble and not one.comparison.is_hopeless]
    going.sort(key=lambda rival: -rival.gain)
    return going[: -(-len(going) // 2)]
