"""The fastest settings, found by turning one knob after the other, each in a race against the best so far.

A knob is tried again where others have been turned since, as one may depend on another. What was found is
then measured against the usual settings, and given up where it is not faster beyond noise. Knows nothing of
how a measurement is made, nor of what fits; both are asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from workbench.engine_settings import EngineSettings
from workbench.tuning.comparing import Comparison
from workbench.tuning.knob import Choice, Knob
from workbench.tuning.race import Measure, Renew, Rival, duel, race, winner

Refusal = Callable[[EngineSettings], str]
"""Why the settings cannot be had here, in a sentence; "" where they can."""
Say = Callable[[str], None]
_SWEEPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One choice of a knob beside another; `comparison` None: not measured, for the reason in `trouble`."""

    knob: str
    choice: str
    beside: str
    comparison: Comparison | None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found.

    Attributes:
        usual: The settings without tuning.
        settings: The fastest ones; the usual ones where nothing is faster beyond noise.
        found: The fastest by the races, before they were measured against the usual ones.
        final: Those measured against the usual ones; None where the races found nothing faster.
        trials: All that was tried, in order.
        skipped: Knobs that there was no time for.
    """

    usual: EngineSettings
    settings: EngineSettings
    found: EngineSettings
    final: Comparison | None
    trials: tuple[Trial, ...]
    skipped: tuple[str, ...] = ()


@dataclass(slots=True)
class Search:
    """One search. After `seconds` no further knob is turned; the last measurement comes on top."""

    measure: Measure
    refusal: Refusal
    seconds: float
    renew: Renew
    say: Say = lambda text: None
    clock: Callable[[], float] = time.monotonic
    turns: Iterator[int] = field(default_factory=count)
    _trials: list[Trial] = field(default_factory=list)
    _duels: dict[tuple[EngineSettings, EngineSettings], Rival] = field(default_factory=dict)

    async def run(
        self, usual: EngineSettings, knobs: Sequence[Knob], earlier: EngineSettings | None = None
    ) -> Outcome:
        """`earlier` are settings that were fastest once; where they still are, the search begins there.

        Raises WorkbenchError where the usual settings cannot be measured.
        """
        deadline = self.clock() + self.seconds
        best = await self._revalidated(usual, earlier)
        tried: dict[str, EngineSettings] = {}
        for knob in [*knobs] * _SWEEPS:
            if tried.get(knob.name) != best and self.clock() <= deadline:
                best = tried[knob.name] = await self._turned(knob, best)
        return await self._proved(usual, best, tuple(one.name for one in knobs if one.name not in tried))

    async def _revalidated(self, usual: EngineSettings, earlier: EngineSettings | None) -> EngineSettings:
        if earlier is None or earlier == usual or self.refusal(earlier):
            return usual
        self.say("what was fastest before")
        return earlier if (await self._duel(usual, earlier)).is_faster else usual

    async def _turned(self, knob: Knob, best: EngineSettings) -> EngineSettings:
        """The best with this knob in its fastest position."""
        self.say(knob.name)
        now = knob.at(best)
        choices = {choice.applied(best): choice for choice in self._promising(knob, now)}
        refusals = {settings: self.refusal(settings) for settings in choices}
        rivals = [Rival(settings, trouble=refusals[settings]) for settings in choices if refusals[settings]]
        possible = [settings for settings in choices if not refusals[settings]]
        if possible:
            rivals += await race(self.measure, self.turns, best, possible)
        fastest = winner(rivals)
        if fastest is not None:  # what won by luck does not do so twice
            proof = await self._duel(best, fastest.settings)
            rivals[rivals.index(fastest)] = proof
            best = proof.settings if proof.is_faster else best
        self._trials += [_trial(knob, choices[rival.settings], now, rival) for rival in rivals]
        return best

    def _promising(self, knob: Knob, now: Choice) -> list[Choice]:
        """All but where it stands, and without what had trouble or was hopeless already."""
        known = [trial for trial in self._trials if trial.knob == knob.name]
        dropped = {one.choice for one in known if one.comparison is None or one.comparison.is_hopeless}
        return [one for one in knob.choices if one != now and one.label not in dropped]

    async def _duel(self, holder: EngineSettings, challenger: EngineSettings) -> Rival:
        rival = await duel(self.measure, self.turns, holder, challenger, self.renew)
        self._duels[holder, challenger] = rival
        return rival

    async def _proved(self, usual: EngineSettings, best: EngineSettings, skipped: tuple[str, ...]) -> Outcome:
        final, settings = None, usual
        if best != usual:
            self.say("the usual settings against the fastest")
            rival = self._duels.get((usual, best)) or await self._duel(usual, best)
            final, settings = rival.comparison, best if rival.is_faster else usual
        return Outcome(
            usual=usual,
            settings=settings,
            found=best,
            final=final,
            trials=tuple(self._trials),
            skipped=skipped,
        )


def _trial(knob: Knob, choice: Choice, now: Choice, rival: Rival) -> Trial:
    return Trial(
        knob=knob.name,
        choice=choice.label,
        beside=now.label,
        comparison=rival.comparison,
        trouble=rival.trouble,
    )
