"""Which of the candidates to take, and why, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench import wording
from workbench.quantization.lab.candidate import Candidate

SAME = 0.001
"""Nats of mean divergence below which hardly anybody could tell a model from its base."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The candidate to take; None where none fits."""

    candidate: Candidate | None
    reasons: tuple[str, ...]


def recommended(candidates: Sequence[Candidate], limit: int) -> Recommendation:
    """The smallest that is as good as the base, else the nearest to it of those that fit."""
    fitting = [one for one in candidates if one.proposal.size <= limit]
    if not fitting:
        least = min((one.proposal.size for one in candidates), default=0)
        return Recommendation(
            None, (f"None fits into {wording.size(limit)}; the smallest takes {wording.size(least)}.",)
        )
    good = [one for one in fitting if one.figures.kl_mean.value < SAME]
    if good:
        best = min(good, key=lambda one: (one.proposal.size, one.figures.kl_mean.value))
        why = f"It is the smallest whose mean divergence is below {SAME} nats, too little to notice."
    else:
        best = min(fitting, key=lambda one: one.figures.kl_mean.value)
        why = "Of all that fit it is nearest to the base."
    return Recommendation(best, (why, *_facts(best, limit), *_beside(best, fitting)))


def _facts(best: Candidate, limit: int) -> list[str]:
    figures, size = best.figures, best.proposal.size
    return [
        f"It takes {wording.size(size)} of the {wording.size(limit)} there are.",
        f"In {figures.top1_agreement.value:.1%} of places its likeliest token is the base's.",
    ]


def _beside(best: Candidate, fitting: Sequence[Candidate]) -> list[str]:
    """The best of the usual mixes that fit, where a budget was chosen."""
    stock = [one for one in fitting if not one.proposal.budget]
    if not best.proposal.budget or not stock:
        return []
    nearest = min(stock, key=lambda one: one.figures.kl_mean.value)
    times = nearest.figures.kl_mean.value / max(best.figures.kl_mean.value, 1e-12)
    return [f"{nearest.proposal.name}, the best of the mixes that fit, is {times:.1f} times as far from it."]
