"""What the lab found, as a page of its own: picture, table and recommendation, without any script."""

from __future__ import annotations

from collections.abc import Sequence

from workbench import wording
from workbench.picture import page as layout
from workbench.picture import svg
from workbench.quantization.lab.candidate import Candidate
from workbench.quantization.lab.picture import chart
from workbench.quantization.lab.recommendation import Recommendation

HEADINGS = ("model", "size", "perplexity", "KL mean", "KL p99", "same top", "tokens/s")


def cells(one: Candidate) -> tuple[str, ...]:
    """A line of the table."""
    figures = one.figures
    return (
        one.proposal.name,
        wording.size(one.proposal.size),
        f"{figures.perplexity.value:.4f}",
        f"{figures.kl_mean.value:.6f}",
        f"{figures.kl_p99:.4f}",
        f"{figures.top1_agreement.value:.2%}",
        wording.speed(one.tokens_per_second),
    )


def page(title: str, candidates: Sequence[Candidate], found: Recommendation) -> str:
    name = found.candidate.proposal.name if found.candidate else "none"
    return layout.page(
        title,
        svg(chart(candidates, found.candidate)),
        layout.heading(f"Recommended: {name}"),
        layout.listed(found.reasons),
        layout.table(HEADINGS, [cells(one) for one in candidates]),
    )
