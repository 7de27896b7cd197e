"""How positions are turned into angles: what config.json says of it, in older and newer spelling.

    rope_theta: 1e6, rope_scaling: {"type": "yarn", "factor": 4}          until transformers 4
    rope_parameters: {"rope_theta": 1e6, "rope_type": "yarn", ...}        since transformers 5

With two kinds of attention, the newer spelling has one such object for each of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import gguf
import numpy as np

from workbench.conversion.element_types import Floats
from workbench.conversion.json_file import Entries
from workbench.errors import Unsupported

_DEFAULT_BASE = 10000.0


@dataclass(frozen=True, slots=True)
class Rope:
    """`base` of the angles, the kind of scaling, "" for none, and its parameters."""

    base: float
    scaling: str
    parameters: Entries
    local_base: float | None = None
    """That of attention within a sliding window, where it differs."""


def rope_of(config: Entries) -> Rope:
    newer = config.object("rope_parameters")
    local = None
    if "full_attention" in newer:
        if "sliding_attention" in newer:
            local = newer.object("sliding_attention").number("rope_theta", default=_DEFAULT_BASE)
        newer = newer.object("full_attention")
    elif "rope_local_base_freq" in config:
        local = config.number("rope_local_base_freq")
    parameters = newer if newer.values else config.object("rope_scaling")
    outer = config.number("rope_theta", default=_DEFAULT_BASE)
    kind = parameters.text("rope_type") or parameters.text("type")
    scaling = "" if kind in ("default", "none", "mrope") else {"su": "longrope"}.get(kind, kind)
    return Rope(parameters.number("rope_theta", default=outer), scaling, parameters, local)


def describe_rope(writer: Any, rope: Rope, context_length: int, kinds: frozenset[str]) -> None:
    """The metadata; `kinds` of scaling are those that the family can have. Raises Unsupported for others."""
    writer.add_rope_freq_base(rope.base)
    if rope.local_base is not None:
        writer.add_rope_freq_base_swa(rope.local_base)
    if rope.scaling and rope.scaling not in kinds:
        raise Unsupported(
            f"Positions scaled as {rope.scaling!r} are not known for this family.",
            f"Known are: {', '.join(sorted(kinds)) or 'none'}.",
        )
    match rope.scaling:
        case "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(rope.parameters.number("factor"))
        case "yarn":
            _describe_yarn(writer, rope.parameters, context_length)
        case "longrope":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LONGROPE)


def _describe_yarn(writer: Any, parameters: Entries, context_length: int) -> None:
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    factor = parameters.number("factor")
    writer.add_rope_scaling_factor(factor)
    if "attention_factor" in parameters and factor > 1:
        usual = 0.1 * math.log(factor) + 1
        writer.add_rope_scaling_attn_factors(parameters.number("attention_factor") / usual)
    original = parameters.integer("original_max_position_embeddings", default=context_length)
    writer.add_rope_scaling_orig_ctx_len(original)
    if "beta_fast" in parameters:
        writer.add_rope_scaling_yarn_beta_fast(parameters.number("beta_fast"))
    if "beta_slow" in parameters:
        writer.add_rope_scaling_yarn_beta_slow(parameters.number("beta_slow"))


def llama3_factors(rope: Rope, dimensions: int) -> Floats:
    """What each angle is divided by (dimensions / 2,): 1 for short waves, `factor` for long ones."""
    parameters = rope.parameters
    factor = parameters.number("factor", default=8.0)
    low = parameters.number("low_freq_factor", default=1.0)
    high = parameters.number("high_freq_factor", default=4.0)
    original = parameters.number("original_max_position_embeddings", default=8192)
    if not (factor > 0 and 0 < low < high and original > 0):
        parameters.refuse("rope_scaling", "has factors that make no sense")
    frequencies = 1.0 / rope.base ** (np.arange(0, dimensions, 2, dtype=np.float32) / dimensions)
    waves = 2 * math.pi / frequencies
    smooth = (original / waves - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    factors = np.where(waves < original / high, 1, np.where(waves > original / low, factor, between))
    return factors.astype(np.float32)
