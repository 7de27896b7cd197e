"""What a plan may be for, and which settings it may choose. Knows nothing of how it is found."""

from __future__ import annotations

from typing import Literal, get_args

Aim = Literal["balanced", "fastest", "longest-context", "all-on-gpu", "quality"]
AIMS: tuple[Aim, ...] = get_args(Aim)
MEANING: dict[Aim, str] = {
    "balanced": "the usual context as fast as it goes, more of it where it costs nothing",
    "fastest": "as little as possible left to the processor",
    "longest-context": "the longest context that leaves no more layers to the processor",
    "all-on-gpu": "nothing left to the processor",
    "quality": "a long context, with a cache that loses nothing",
}

CHOSEN = frozenset(
    {"context_length", "kv_type_k", "kv_type_v", "micro_batch", "gpu_layers", "experts_on_cpu", "split"}
)
"""The settings that a plan may choose, where a person has not."""
