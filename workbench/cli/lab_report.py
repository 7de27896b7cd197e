"""What the lab found: table, plot and recommendation for a person, JSON for a program, a page to keep."""

from __future__ import annotations

from pathlib import Path

from workbench import wording
from workbench.cli import output
from workbench.cli.lab_run import Outcome
from workbench.models import LocalModel
from workbench.models.transfer.disk import unwritable
from workbench.picture import lettered, svg
from workbench.quantization.lab.candidate import Candidate, kinds_of
from workbench.quantization.lab.page import HEADINGS, cells, page
from workbench.quantization.lab.picture import chart
from workbench.whole_file import write_whole


def show(model: LocalModel, outcome: Outcome) -> None:
    output.table(HEADINGS, map(cells, outcome.candidates), right=range(1, len(HEADINGS)))
    output.line()
    for line in lettered(chart(outcome.candidates, outcome.recommendation.candidate)):
        output.line(line)
    output.line()
    found = outcome.recommendation
    output.line(f"Recommended: {found.candidate.proposal.name if found.candidate else 'none'}")
    for reason in found.reasons:
        output.line(f"  {reason}")


def document(model: LocalModel, outcome: Outcome) -> dict[str, object]:
    found = outcome.recommendation
    return {
        "model": model.name,
        "limit_bytes": outcome.limit,
        "results": [_entry(one) for one in outcome.candidates],
        "recommended": found.candidate.proposal.name if found.candidate else None,
        "reasons": list(found.reasons),
    }


def write(path: Path, model: LocalModel, outcome: Outcome) -> None:
    """An .svg holds the picture alone."""
    found = outcome.recommendation
    title = f"{model.name} within {wording.size(outcome.limit)}"
    if path.suffix == ".svg":
        text = svg(chart(outcome.candidates, found.candidate))
    else:
        text = page(title, outcome.candidates, found)
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise unwritable(path, error) from error


def _entry(one: Candidate) -> dict[str, object]:
    figures, proposal = one.figures, one.proposal
    return {
        "model": proposal.name,
        "size_bytes": proposal.size,
        "perplexity": figures.perplexity.value,
        "kl_mean": figures.kl_mean.value,
        "kl_p99": figures.kl_p99,
        "top1_agreement": figures.top1_agreement.value,
        "tokens_per_second": one.tokens_per_second,
        "tensor_types": kinds_of(proposal.request) if proposal.budget else None,
    }
