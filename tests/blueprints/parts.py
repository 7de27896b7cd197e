"""The parts that most architectures are made of. Knows none of them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.blueprints.blueprint import Blueprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What most architectures have in common.

    Attributes:
        feed_forward: Of one expert where there are experts.
        tied: Whether the token embedding is the output matrix too.
        small: The type of most matrices; `large` that of those that a mix such as Q4_K_M spares.
        file_type: The file's own word for that mix, as a number of llama.cpp's.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    feed_forward: int
    vocabulary: int
    head_size: int
    context: int = 131_072
    tied: bool = False
    experts: int = 0
    experts_used: int = 0
    small: str = "Q4_K"
    large: str = "Q6_K"
    file_type: int = 15


def begun(architecture: str, shape: Shape, rope_base: float = 500_000.0) -> Blueprint:
    """A blueprint with the metadata that most have, and the token embedding."""
    blueprint = Blueprint(architecture, {"general.file_type": shape.file_type})
    blueprint.say(
        {
            "block_count": shape.layers,
            "context_length": shape.context,
            "embedding_length": shape.hidden,
            "feed_forward_length": shape.feed_forward,
            "attention.head_count": shape.heads,
            "attention.head_count_kv": shape.kv_heads,
            "attention.key_length": shape.head_size,
            "attention.value_length": shape.head_size,
            "attention.layer_norm_rms_epsilon": 1e-5,
            "rope.dimension_count": shape.head_size,
            "rope.freq_base": rope_base,
            "vocab_size": shape.vocabulary,
        }
    )
    if shape.experts:
        blueprint.say(
            {
                "expert_count": shape.experts,
                "expert_used_count": shape.experts_used,
                "expert_feed_forward_length": shape.feed_forward,
            }
        )
    return blueprint


def ended(blueprint: Blueprint, shape: Shape) -> Blueprint:
    blueprint.norm("output_norm", shape.hidden)
    if not shape.tied:
        blueprint.matrix("output", (shape.hidden, shape.vocabulary), shape.large)
    return blueprint


def heads(blueprint: Blueprint, block: str, shape: Shape, *, gates: int = 1, value: str = "") -> None:
    """The four matrices of attention; `gates` 2 where the queries come with a gate of the same size."""
    hidden, queries = shape.hidden, shape.heads * shape.head_size
    keys = shape.kv_heads * shape.head_size
    blueprint.matrix(block + "attn_q", (hidden, queries * gates), shape.small)
    blueprint.matrix(block + "attn_k", (hidden, keys), shape.small)
    blueprint.matrix(block + "attn_v", (hidden, keys), value or shape.small)
    blueprint.matrix(block + "attn_output", (queries, hidden), shape.small)


def feed_forward(blueprint: Blueprint, block: str, hidden: int, width: int, types: tuple[str, str]) -> None:
    blueprint.matrix(block + "ffn_gate", (hidden, width), types[0])
    blueprint.matrix(block + "ffn_up", (hidden, width), types[0])
    blueprint.matrix(block + "ffn_down", (width, hidden), types[1])


def experts(blueprint: Blueprint, block: str, shape: Shape, down: str) -> None:
    """The router and the three stacks of matrices."""
    hidden, width, count = shape.hidden, shape.feed_forward, shape.experts
    blueprint.matrix(block + "ffn_gate_inp", (hidden, count), "F32")
    blueprint.matrix(block + "ffn_gate_exps", (hidden, width, count), shape.small)
    blueprint.matrix(block + "ffn_up_exps", (hidden, width, count), shape.small)
    blueprint.matrix(block + "ffn_down_exps", (width, hidden, count), down)


def qk_norms(blueprint: Blueprint, block: str, shape: Shape) -> None:
    blueprint.norm(block + "attn_q_norm", shape.head_size)
    blueprint.norm(block + "attn_k_norm", shape.head_size)
