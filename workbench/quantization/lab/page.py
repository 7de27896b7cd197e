"""What the lab found, as a page of its own: picture, table and recommendation, without any script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workbench import wording
from workbench.picture import svg
from workbench.quantization.lab.candidate import Candidate
from workbench.quantization.lab.picture import chart
from workbench.quantization.lab.recommendation import Recommendation

HEADINGS = ("model", "size", "perplexity", "KL mean", "KL p99", "same top", "tokens/s")
_STYLE = (
    "body{font:15px system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right}"
    "td:first-child{text-align:left}"
)


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
    rows = "".join(_row("td", cells(one)) for one in candidates)
    said = "".join(f"<li>{escape(reason)}</li>" for reason in found.reasons)
    name = escape(found.candidate.proposal.name) if found.candidate else "none"
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{svg(chart(candidates, found.candidate))}"
        f"<h2>Recommended: {name}</h2><ul>{said}</ul><table>{_row('th', HEADINGS)}{rows}</table>\n"
    )


def _row(tag: str, texts: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"
