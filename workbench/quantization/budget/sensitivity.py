"""What each group of tensors costs in each type, in nats of mean KL divergence from the base.

One type is measured for each group, on a short text, with all else left as it is. The others are derived from
that: divergence grows as the square of what is changed in the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.quantization.budget.distortion import squared_changes
from workbench.quantization.budget.groups import Group, groups_of
from workbench.quantization.budget.knapsack import Option
from workbench.quantization.budget.workshop import Workshop
from workbench.quantization.quality.base_model import Base
from workbench.quantization.quality.comparing import compared
from workbench.quantize_request import QuantizePlan, QuantizeRequest, TensorType

PROBE = "Q3_K"
"""Coarse enough for its cost to stand out, fine enough for costs to add up."""
KINDS = ("IQ2_XXS", "IQ2_S", "Q2_K", "IQ3_XXS", "IQ3_S", "Q3_K", "IQ4_XS", "Q4_K", "Q5_K", "Q6_K", "Q8_0")
"""What tensors can become; those that need an importance matrix only where there is one."""
LABEL = "Q8_0"
"""What a request is called while the types of all tensors are given one by one."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Options in the order of `kinds` for each group, and the bytes of all that is in no group."""

    groups: tuple[Group, ...]
    kinds: tuple[str, ...]
    options: tuple[tuple[Option, ...], ...]
    fixed_bytes: int


def measured_costs(
    base: Base, workshop: Workshop, request: QuantizeRequest, kinds: Sequence[str] = KINDS
) -> Costs:
    """`request` names the source, and an importance matrix where there is one. Raises as a quantizer."""
    every = [(kind, workshop.quantizer.plan(all_of(request, kind))) for kind in kinds]
    kinds, plans = zip(*((kind, plan) for kind, plan in every if not plan.needs_importance), strict=True)
    groups = groups_of(_changed(plans))
    probed = _changes(workshop, request, PROBE, groups)
    changes = [_changes(workshop, request, kind, groups) for kind in kinds]
    options = []
    for number, group in enumerate(groups):
        cost = _probe(base, workshop, request, group) / max(probed[number], 1e-30)
        options.append(
            tuple(
                Option(_size(plan, group), max(cost, 0.0) * change[number])
                for plan, change in zip(plans, changes, strict=True)
            )
        )
    fixed = plans[0].size_bytes - sum(_size(plans[0], group) for group in groups)
    return Costs(groups, kinds, tuple(options), fixed)


def all_of(request: QuantizeRequest, kind: str) -> QuantizeRequest:
    """The request with all tensors that can be of one type."""
    return replace(request, type=LABEL, tensor_types=(TensorType(".", kind),))


def _changed(plans: Sequence[QuantizePlan]) -> list[str]:
    """The tensors that another type makes larger or smaller."""
    sizes = [{tensor.name: tensor.size_bytes for tensor in plan.tensors} for plan in plans]
    return [name for name in sizes[0] if len({each[name] for each in sizes}) > 1]


def _changes(workshop: Workshop, request: QuantizeRequest, kind: str, groups: Sequence[Group]) -> list[float]:
    """Of each group."""
    tensors = frozenset(tensor for group in groups for tensor in group.tensors)
    with workshop.file(all_of(request, kind)) as path:
        changes = squared_changes(request.source, path, tensors)
    return [sum(changes[tensor] for tensor in group.tensors) for group in groups]


def _probe(base: Base, workshop: Workshop, request: QuantizeRequest, group: Group) -> float:
    """The divergence where this group alone is changed."""
    kept = workshop.quantizer.plan(replace(request, type="COPY"))
    source = next(tensor.source_type for tensor in kept.tensors if tensor.name == group.tensors[0])
    others = TensorType(".", source)
    alone = replace(request, type=LABEL, tensor_types=(*group.of_type(PROBE), others))
    return compared(base, workshop.subject(f"{group.name} in {PROBE}", alone)).figures.kl_mean.value


def _size(plan: QuantizePlan, group: Group) -> int:
    sizes = {tensor.name: tensor.size_bytes for tensor in plan.tensors}
    return sum(sizes[tensor] for tensor in group.tensors)
