"""What each knob did to the speed, the one that matters most first. Knows no wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.tuning.comparing import Comparison
from workbench.tuning.knob import Knob
from workbench.tuning.search import Outcome, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One knob.

    Attributes:
        chosen: Where the races left it.
        other: The usual choice where it was turned, else the best of the others; "" where none was measured.
        comparison: Of `chosen` as the rival with `other` as the holder; None where none was measured.
        trials: All that was tried of it.
    """

    knob: Knob
    chosen: str
    other: str
    comparison: Comparison | None
    trials: tuple[Trial, ...]

    @property
    def is_turned(self) -> bool:
        return self.chosen != self.knob.usual.label

    @property
    def importance(self) -> float:
        return abs(self.comparison.gain) if self.comparison else 0.0


def effects(outcome: Outcome, knobs: Sequence[Knob]) -> tuple[Effect, ...]:
    """One for each knob that was tried."""
    found = [_effect(knob, outcome) for knob in knobs if knob.name not in outcome.skipped]
    return tuple(sorted(found, key=lambda effect: -effect.importance))


def _effect(knob: Knob, outcome: Outcome) -> Effect:
    trials = tuple(trial for trial in outcome.trials if trial.knob == knob.name)
    chosen = knob.at(outcome.found).label
    seen = {other: comparison for trial in trials for other, comparison in _seen_from(chosen, trial)}
    if chosen != knob.usual.label:
        other = knob.usual.label
    else:
        other = min(seen, key=lambda one: seen[one].gain, default="")
    return Effect(knob=knob, chosen=chosen, other=other, comparison=seen.get(other), trials=trials)


def _seen_from(chosen: str, trial: Trial) -> list[tuple[str, Comparison]]:
    """The other choice of the trial, and how the chosen one did beside it; the last trial counts."""
    if trial.comparison is None or chosen not in (trial.choice, trial.beside):
        return []
    if trial.choice == chosen:
        return [(trial.beside, trial.comparison)]
    return [(trial.choice, trial.comparison.reversed)]
