"""Files that a model could become, each made, measured, and removed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.quantization.budget.allocation import Planned
from workbench.quantization.budget.workshop import Workshop
from workbench.quantization.quality.base_model import Base
from workbench.quantization.quality.comparing import compared
from workbench.quantization.quality.figures import Figures
from workbench.quantize_request import QuantizeRequest, TensorType

STOCK = (
    "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S",
    "IQ3_M", "Q2_K",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """A file that could be made: its name, how, and its size in bytes."""

    name: str
    request: QuantizeRequest
    size: int
    budget: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposal, and what was measured of it."""

    proposal: Proposal
    figures: Figures
    tokens_per_second: float


def stock_proposals(planned: Planned, request: QuantizeRequest, names: Sequence[str]) -> Iterator[Proposal]:
    """Those that can be made with what the request names. Raises as Quantizer.plan."""
    for name in names:
        made = QuantizeRequest(source=request.source, type=name, importance=request.importance)
        plan = planned(made)
        if not plan.needs_importance:
            yield Proposal(name, made, plan.size_bytes)


def measured(
    base: Base, workshop: Workshop, proposals: Sequence[Proposal], speed: Callable[[Path], float]
) -> Iterator[Candidate]:
    """Each once it is measured; `speed` tells the tokens a second of a file."""
    for proposal in proposals:
        with workshop.file(proposal.request) as path:
            tokens_per_second = speed(path)
        result = compared(base, workshop.subject(proposal.name, proposal.request))
        yield Candidate(proposal, result.figures, tokens_per_second)


def kinds_of(request: QuantizeRequest) -> dict[str, int]:
    """How many tensors of a budget have each type."""
    counts: dict[str, int] = {}
    for one in request.tensor_types:
        assert isinstance(one, TensorType)
        counts[one.type] = counts.get(one.type, 0) + 1
    return counts
