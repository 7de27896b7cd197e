"""Architectures with layers that keep a state of fixed size instead of every token."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tests.blueprints.blueprint import Blueprint
from tests.blueprints.parts import Shape, begun, ended, experts, feed_forward, heads, qk_norms


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaNet:
    """The gated delta net of the layers that do not attend, three of four.

    Attributes:
        key_groups: Heads of the keys; value_heads those of the values, which are as many or more.
    """

    value_heads: int
    key_groups: int = 16
    state: int = 128
    kernel: int = 4

    @property
    def inner(self) -> int:
        return self.state * self.value_heads

    @property
    def mixed(self) -> int:
        """Queries, keys and values side by side, as they go through the convolution."""
        return 2 * self.state * self.key_groups + self.inner


def qwen3next(shape: Shape, net: DeltaNet) -> Blueprint:
    blueprint = _begun_with_net("qwen3next", shape, net)
    blueprint.say({"expert_shared_feed_forward_length": shape.feed_forward, "feed_forward_length": 5120})
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        _mixer(blueprint, layer, shape, net, shape.small, joined=True)
        _experts_and_shared_one(blueprint, block, shape, shape.small, shape.small)
    return ended(blueprint, shape)


def qwen35moe(shape: Shape, net: DeltaNet, rest: str = "Q8_0") -> Blueprint:
    """Experts in `small`, all other matrices in the type `rest`."""
    blueprint = _begun_with_net("qwen35moe", shape, net, rest)
    blueprint.say({"expert_shared_feed_forward_length": shape.feed_forward})
    del blueprint.metadata["qwen35moe.feed_forward_length"]
    blueprint.say({"rope.dimension_sections": [11, 11, 10, 0]})
    for layer in range(shape.layers):
        _mixer(blueprint, layer, shape, net, rest)
        _experts_and_shared_one(blueprint, f"blk.{layer}.", shape, shape.small, rest)
    return ended(blueprint, shape)


def qwen35(shape: Shape, net: DeltaNet) -> Blueprint:
    """The dense one."""
    blueprint = _begun_with_net("qwen35", shape, net)
    blueprint.say({"rope.dimension_sections": [11, 11, 10, 0]})
    for layer in range(shape.layers):
        _mixer(blueprint, layer, shape, net, shape.small)
        width, types = shape.feed_forward, (shape.small, shape.small)
        feed_forward(blueprint, f"blk.{layer}.", shape.hidden, width, types)
    return ended(blueprint, shape)


def _begun_with_net(architecture: str, shape: Shape, net: DeltaNet, embedding: str = "") -> Blueprint:
    blueprint = begun(architecture, shape, 1e7)
    blueprint.say(
        {
            "rope.dimension_count": 64,
            "ssm.conv_kernel": net.kernel,
            "ssm.inner_size": net.inner,
            "ssm.state_size": net.state,
            "ssm.time_step_rank": net.value_heads,
            "ssm.group_count": net.key_groups,
        }
    )
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), embedding or shape.small)
    return blueprint


def _mixer(
    blueprint: Blueprint, layer: int, shape: Shape, net: DeltaNet, type: str, *, joined: bool = False
) -> None:
    """Attention in every fourth layer, else the delta net; `joined`: its beta and alpha are one matrix."""
    block, hidden = f"blk.{layer}.", shape.hidden
    blueprint.norm(block + "attn_norm", hidden)
    blueprint.norm(block + "post_attention_norm", hidden)
    if (layer + 1) % 4 == 0:
        queries, keys = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
        blueprint.matrix(block + "attn_q", (hidden, 2 * queries), type)
        blueprint.matrix(block + "attn_k", (hidden, keys), type)
        blueprint.matrix(block + "attn_v", (hidden, keys), type)
        blueprint.matrix(block + "attn_output", (queries, hidden), type)
        qk_norms(blueprint, block, shape)
        return
    blueprint.matrix(block + "attn_qkv", (hidden, net.mixed), type)
    blueprint.matrix(block + "attn_gate", (hidden, net.inner), type)
    blueprint.matrix(block + "ssm_conv1d", (net.kernel, net.mixed), "F32")
    blueprint.vector(block + "ssm_dt.bias", net.value_heads)
    blueprint.vector(block + "ssm_a", net.value_heads)
    for name in ("ssm_ba",) if joined else ("ssm_beta", "ssm_alpha"):
        blueprint.matrix(block + name, (hidden, net.value_heads * (2 if joined else 1)), type)
    blueprint.norm(block + "ssm_norm", net.state)
    blueprint.matrix(block + "ssm_out", (net.inner, hidden), type)


def _experts_and_shared_one(blueprint: Blueprint, block: str, shape: Shape, down: str, rest: str) -> None:
    experts(blueprint, block, shape, down)
    blueprint.vector(block + "ffn_gate_inp_shexp.weight", shape.hidden)
    blueprint.matrix(block + "ffn_gate_shexp", (shape.hidden, shape.feed_forward), rest)
    blueprint.matrix(block + "ffn_up_shexp", (shape.hidden, shape.feed_forward), rest)
    blueprint.matrix(block + "ffn_down_shexp", (shape.feed_forward, shape.hidden), rest)


def mamba(shape: Shape, *, state: int, time_rank: int) -> Blueprint:
    """No attention at all; the shape's heads mean nothing."""
    blueprint = begun("mamba", shape)
    for key in ("attention.head_count_kv", "attention.key_length", "attention.value_length"):
        del blueprint.metadata[f"mamba.{key}"]
    inner = 2 * shape.hidden
    blueprint.say(
        {
            "feed_forward_length": 0,
            "attention.head_count": 0,
            "ssm.conv_kernel": 4,
            "ssm.inner_size": inner,
            "ssm.state_size": state,
            "ssm.time_step_rank": time_rank,
        }
    )
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        blueprint.norm(block + "attn_norm", shape.hidden)
        blueprint.matrix(block + "ssm_in", (shape.hidden, 2 * inner), shape.small)
        blueprint.matrix(block + "ssm_conv1d", (4, inner), "F32")
        blueprint.vector(block + "ssm_conv1d.bias", inner)
        blueprint.matrix(block + "ssm_x", (inner, time_rank + 2 * state), shape.small)
        blueprint.matrix(block + "ssm_dt", (time_rank, inner), shape.small)
        blueprint.vector(block + "ssm_dt.bias", inner)
        blueprint.vector(block + "ssm_a", state, inner)
        blueprint.vector(block + "ssm_d", inner)
        blueprint.matrix(block + "ssm_out", (inner, shape.hidden), shape.small)
    return ended(blueprint, shape)


def lfm2(shape: Shape, attending: Collection[int]) -> Blueprint:
    """Short convolutions in all layers but those named; its token embedding is the output matrix."""
    blueprint = begun("lfm2", shape, 1e6)
    per_layer = [shape.kv_heads if layer in attending else 0 for layer in range(shape.layers)]
    blueprint.say({"attention.head_count_kv": per_layer, "shortconv.l_cache": 3})
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.large)
    blueprint.norm("token_embd_norm", shape.hidden)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        blueprint.norm(block + "attn_norm", shape.hidden)
        blueprint.norm(block + "ffn_norm", shape.hidden)
        feed_forward(blueprint, block, shape.hidden, shape.feed_forward, (shape.small, shape.small))
        if layer in attending:
            qk_norms(blueprint, block, shape)
            heads(blueprint, block, shape)
        else:
            blueprint.matrix(block + "shortconv.conv", (3, shape.hidden), "F32")
            blueprint.matrix(block + "shortconv.in_proj", (shape.hidden, 3 * shape.hidden), shape.small)
            blueprint.matrix(block + "shortconv.out_proj", (shape.hidden, shape.hidden), shape.small)
    return blueprint
