"""Candidates as a chart: how far each is from the base, by its size."""

from __future__ import annotations

from collections.abc import Sequence

from workbench import wording
from workbench.picture import Axis, Chart, Point, Series
from workbench.quantization.lab.candidate import Candidate

_LEAST_DIVERGENCE = 1e-7
"""In nats; below it nothing is told apart, and no logarithm is taken of 0."""


def chart(candidates: Sequence[Candidate], chosen: Candidate | None) -> Chart:
    """On a logarithmic scale, where equal steps are equal factors."""
    kinds = (("stock mixes", False), ("made to measure", True))
    series = (
        Series(name, tuple(_point(one, chosen) for one in candidates if one.proposal.budget is budget))
        for name, budget in kinds
    )
    return Chart(
        Axis("size", lambda value: wording.size(round(value))),
        Axis("mean KL divergence from the base, in nats,", logarithmic=True),
        tuple(one for one in series if one.points),
    )


def _point(one: Candidate, chosen: Candidate | None) -> Point:
    divergence, proposal = one.figures.kl_mean.value, one.proposal
    return Point(
        proposal.size,
        max(divergence, _LEAST_DIVERGENCE),
        label=proposal.name,
        about=f"{proposal.name}: {wording.size(proposal.size)}, {divergence:.6f}",
        ringed=one is chosen,
    )
