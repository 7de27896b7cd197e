"""Whether the variants of a repository fit this machine, judged for a whole list at once and at no cost.

What all of them take beside their weights is worked out from any header among them that has been read before;
where none has, it is guessed. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.machine import Machine
from workbench.models.header_cache import cached_header
from workbench.models.hub.variants import Variant
from workbench.planning.budget import MARGIN_BYTES
from workbench.planning.formula import Formula

RoughFit = Literal["yes", "tight", "no"]
BASIS = "the weights, and a usual context where the header is known; predicted"
"""What a person is told about where the answer comes from."""

_REST = 0.2
"""What context and buffers take beside the weights, as a share of them. A guess."""


class Rough:
    """Judges variants of one repository."""

    def __init__(self, offered: Sequence[Variant], here: Machine) -> None:
        self._memory = _memory(here)
        self._beside = next(filter(None, map(_beside_weights, offered)), None)

    def fit(self, weights_bytes: int) -> RoughFit:
        """Layers can be divided, so the memory of the GPUs and the free RAM count together."""
        beside = self._beside
        least = weights_bytes if beside is None else weights_bytes + beside
        if least > self._memory:
            return "no"
        margin = weights_bytes * _REST if beside is None else min(MARGIN_BYTES, least * _REST)
        return "yes" if least + margin <= self._memory else "tight"


def _memory(here: Machine) -> int:
    own = (gpu.memory if gpu.memory_free is None else gpu.memory_free for gpu in here.gpus if not gpu.unified)
    return here.ram_free + sum(memory or 0 for memory in own)


def _beside_weights(variant: Variant) -> int | None:
    """What the model takes beside its weights with a usual context; None where that is not known."""
    header = cached_header(variant.files)
    if header is None:
        return None
    try:
        estimate = Formula(header).estimate(EngineSettings())
    except WorkbenchError:
        return None
    return estimate.total_bytes - estimate.host.weights_bytes
