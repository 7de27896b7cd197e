"""The types that cost least within a number of bytes, as a request that makes the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from workbench import wording
from workbench.errors import DoesNotFit
from workbench.quantization.budget.knapsack import Choice, best_choice
from workbench.quantization.budget.sensitivity import Costs
from workbench.quantize_request import QuantizePlan, QuantizeRequest

_HALVINGS = 12
_LABELS = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}
"""The file types of those that have no own name as such."""

Planned = Callable[[QuantizeRequest], QuantizePlan]
"""Tells what would come of a request, such as Quantizer.plan."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """A file that fits.

    Attributes:
        kinds: The type of each group, by its name.
        predicted: What the costs of the parts come to, in nats; no other choice costs less than `bound`.
    """

    request: QuantizeRequest
    plan: QuantizePlan
    kinds: dict[str, str]
    predicted: float
    bound: float


def sizes_from(costs: Costs) -> tuple[int, int]:
    """The sizes of the smallest file and of the largest."""
    least = sum(min(option.size for option in options) for options in costs.options)
    most = sum(max(option.size for option in options) for options in costs.options)
    return costs.fixed_bytes + least, costs.fixed_bytes + most


def size_for(costs: Costs, loss: float) -> int:
    """Of the smallest file that is predicted to lose no more than this; of the largest where none does."""
    low, high = sizes_from(costs)
    for _ in range(_HALVINGS):
        middle = (low + high) // 2
        choice = best_choice(costs.options, middle - costs.fixed_bytes)
        low, high = (low, middle) if choice and choice.loss <= loss else (middle, high)
    return high


def allocated(planned: Planned, request: QuantizeRequest, costs: Costs, size: int) -> Allocation:
    """The best for a file of at most `size` bytes, by its plan. Raises DoesNotFit where none is so small."""
    room = size - costs.fixed_bytes
    while True:
        choice = best_choice(costs.options, room)
        if choice is None:
            least = wording.size(sizes_from(costs)[0])
            raise DoesNotFit(
                f"The smallest file of these types takes {least}, not {wording.size(size)}.",
                "Give it more room, or take a smaller model.",
            )
        kinds = {
            group.name: costs.kinds[number]
            for group, number in zip(costs.groups, choice.options, strict=True)
        }
        types = tuple(one for group in costs.groups for one in group.of_type(kinds[group.name]))
        made = replace(request, type=_label(costs, choice), tensor_types=types)
        plan = planned(made)
        if plan.size_bytes <= size:
            return Allocation(made, plan, kinds, choice.loss, choice.bound)
        room -= plan.size_bytes - size


def _label(costs: Costs, choice: Choice) -> str:
    """What the file is called in its metadata: the type that takes most of it."""
    bytes_of: Counter[str] = Counter()
    for options, number in zip(costs.options, choice.options, strict=True):
        bytes_of[costs.kinds[number]] += options[number].size
    kind = bytes_of.most_common(1)[0][0]
    return _LABELS.get(kind, kind)
