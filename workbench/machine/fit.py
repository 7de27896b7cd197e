"""Whether a model of so many bytes fits this machine, judged by the size of its weights alone.

Knows neither context nor cache nor buffers, which is why a part of the memory is kept for them.
"""

from __future__ import annotations

from typing import Literal

from workbench.machine.probe import Machine

Fit = Literal["yes", "tight", "no"]
BASIS = "weights only; predicted"
"""What a person is told about where the answer comes from."""

_REST = 0.2
"""What context and buffers take beside the weights, as a share of them. A guess."""


def fit(weights_bytes: int, here: Machine) -> Fit:
    """Layers can be divided, so the memory of the GPUs and the free RAM count together."""
    memory = here.ram_free + sum(gpu.memory or 0 for gpu in here.gpus)
    if weights_bytes > memory:
        return "no"
    return "yes" if weights_bytes * (1 + _REST) <= memory else "tight"
