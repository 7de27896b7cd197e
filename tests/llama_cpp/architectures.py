"""One tiny model of each kind of attention and state, to compare estimates with loads in earnest.

Large enough that a mistake of one layer, one sequence or one type shows; small enough to load in no time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.blueprints import Blueprint, hybrids, transformers
from tests.blueprints.hybrids import DeltaNet
from tests.blueprints.parts import Shape, begun, ended, feed_forward, heads, qk_norms

TINY = Shape(
    layers=6, hidden=256, heads=8, kv_heads=2, head_size=32, feed_forward=512, vocabulary=1000, context=4096,
    small="F16", large="F16", file_type=1,
)  # fmt: skip
TIED = replace(TINY, tied=True)
QUANTIZED = replace(TINY, small="Q4_K", large="Q6_K", file_type=15)
EXPERTS = replace(TINY, experts=8, experts_used=2, feed_forward=256)
DELTA = DeltaNet(value_heads=4, key_groups=2, state=128)


def qwen3(shape: Shape) -> Blueprint:
    blueprint = begun("qwen3", shape)
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        blueprint.norm(block + "attn_norm", shape.hidden)
        heads(blueprint, block, shape)
        qk_norms(blueprint, block, shape)
        blueprint.norm(block + "ffn_norm", shape.hidden)
        feed_forward(blueprint, block, shape.hidden, shape.feed_forward, (shape.small, shape.large))
    return ended(blueprint, shape)


def gemma2(shape: Shape, window: int) -> Blueprint:
    """Every second layer sees a window, and logits are capped."""
    blueprint = begun("gemma2", shape)
    blueprint.say({"attention.sliding_window": window, "attn_logit_softcapping": 50.0})
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"):
            blueprint.norm(block + name, shape.hidden)
        heads(blueprint, block, shape)
        feed_forward(blueprint, block, shape.hidden, shape.feed_forward, (shape.small, shape.large))
    return ended(blueprint, shape)


def bert(shape: Shape) -> Blueprint:
    """An encoder: no cache at all."""
    blueprint = begun("bert", shape)
    blueprint.metadata["tokenizer.ggml.token_type_count"] = 2
    blueprint.say({"attention.layer_norm_epsilon": 1e-6, "attention.causal": False, "pooling_type": 1})
    for name, rows in (
        ("token_embd", shape.vocabulary),
        ("token_types", 2),
        ("position_embd", shape.context),
    ):
        blueprint.matrix(name, (shape.hidden, rows), "F32")
    _norm_with_bias(blueprint, "token_embd_norm", shape.hidden)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        heads(blueprint, block, shape)
        blueprint.matrix(block + "ffn_up", (shape.hidden, shape.feed_forward), shape.small)
        blueprint.matrix(block + "ffn_down", (shape.feed_forward, shape.hidden), shape.small)
        for name in ("attn_output_norm", "layer_output_norm"):
            _norm_with_bias(blueprint, block + name, shape.hidden)
    return blueprint


def jamba(shape: Shape) -> Blueprint:
    """Mamba in all layers but every third."""
    inner, state, rank = 2 * shape.hidden, 16, 16
    blueprint = begun("jamba", shape)
    per_layer = [shape.kv_heads if layer % 3 == 2 else 0 for layer in range(shape.layers)]
    sizes = {"ssm.conv_kernel": 4, "ssm.inner_size": inner, "ssm.state_size": state}
    blueprint.say({**sizes, "ssm.time_step_rank": rank, "attention.head_count_kv": per_layer})
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    for layer, attends in enumerate(per_layer):
        block = f"blk.{layer}."
        blueprint.norm(block + "attn_norm", shape.hidden)
        blueprint.norm(block + "ffn_norm", shape.hidden)
        feed_forward(blueprint, block, shape.hidden, shape.feed_forward, (shape.small, shape.large))
        if attends:
            heads(blueprint, block, shape)
            continue
        blueprint.matrix(block + "ssm_in", (shape.hidden, 2 * inner), shape.small)
        blueprint.matrix(block + "ssm_conv1d", (4, inner), "F32")
        blueprint.matrix(block + "ssm_x", (inner, rank + 2 * state), shape.small)
        blueprint.matrix(block + "ssm_dt", (rank, inner), "F32")
        for name, width in (("ssm_dt_norm", rank), ("ssm_b_norm", state), ("ssm_c_norm", state)):
            blueprint.norm(block + name, width)
        for name in ("ssm_conv1d.bias", "ssm_dt.bias", "ssm_d"):
            blueprint.vector(block + name, inner)
        blueprint.vector(block + "ssm_a", state, inner)
        blueprint.matrix(block + "ssm_out", (inner, shape.hidden), shape.small)
    return ended(blueprint, shape)


def rwkv7(shape: Shape) -> Blueprint:
    """A state alone, of another kind than Mamba's."""
    hidden, rank = shape.hidden, 32
    blueprint = begun("rwkv7", shape)
    blueprint.say({"attention.layer_norm_epsilon": 1e-5, "wkv.head_size": 64, "attention.head_count": 0})
    for name in ("decay", "iclr", "value_residual_mix", "gate"):
        blueprint.say({f"attention.{name}_lora_rank": rank})
    for name in ("attention.head_count_kv", "attention.key_length", "attention.value_length"):
        del blueprint.metadata[f"rwkv7.{name}"]
    blueprint.matrix("token_embd", (hidden, shape.vocabulary), shape.small)
    _norm_with_bias(blueprint, "token_embd_norm", hidden)
    blueprint.vector("output_norm.bias", hidden)
    for layer in range(shape.layers):
        _rwkv7_layer(blueprint, f"blk.{layer}.", shape, rank)
    return ended(blueprint, shape)


def _rwkv7_layer(blueprint: Blueprint, block: str, shape: Shape, rank: int) -> None:
    hidden = shape.hidden
    for name in ("attn_norm", "attn_norm_2", "time_mix_ln"):
        _norm_with_bias(blueprint, block + name, hidden)
    for name in ("w", "a", "v"):
        blueprint.vector(f"{block}time_mix_{name}0.weight", hidden)
    for name in ("w", "a", "v", "g"):
        blueprint.matrix(f"{block}time_mix_{name}1", (hidden, rank), "F32")
        blueprint.matrix(f"{block}time_mix_{name}2", (rank, hidden), "F32")
    for name in ("k_k", "k_a", "r_k"):
        blueprint.vector(f"{block}time_mix_{name}.weight", hidden)
    blueprint.vector(block + "time_mix_lerp_fused.weight", hidden, 1, 1, 6)
    blueprint.vector(block + "channel_mix_lerp_k.weight", hidden, 1, 1)
    for name in ("time_mix_key", "time_mix_value", "time_mix_receptance", "time_mix_output"):
        blueprint.matrix(block + name, (hidden, hidden), shape.small)
    blueprint.matrix(block + "channel_mix_key", (hidden, shape.feed_forward), shape.small)
    blueprint.matrix(block + "channel_mix_value", (shape.feed_forward, hidden), shape.small)


def _norm_with_bias(blueprint: Blueprint, name: str, width: int) -> None:
    blueprint.norm(name, width)
    blueprint.vector(f"{name}.bias", width)


def deepseek2() -> Blueprint:
    shape = replace(EXPERTS, kv_heads=1, head_size=576)
    return transformers.deepseek2(shape, dense_width=512, dense_layers=1, q_rank=128, kv_rank=512)


ARCHITECTURES: dict[str, Callable[[], Blueprint]] = {
    "llama": lambda: transformers.llama(TINY),
    "llama, every head its own keys": lambda: transformers.llama(replace(TINY, kv_heads=8)),
    "llama, tied": lambda: transformers.llama(TIED),
    "llama, quantized": lambda: transformers.llama(QUANTIZED),
    "mixtral": lambda: transformers.llama(replace(EXPERTS, small="Q8_0", large="Q8_0")),
    "qwen2": lambda: transformers.qwen2(TIED),
    "qwen3": lambda: qwen3(QUANTIZED),
    "qwen3moe": lambda: transformers.qwen3moe(EXPERTS, dense_width=512),
    "gemma2": lambda: gemma2(TIED, window=256),
    "gemma3": lambda: transformers.gemma3(replace(TIED, layers=7), window=300),
    "gpt-oss": lambda: transformers.gpt_oss(replace(EXPERTS, feed_forward=256), window=128),
    "deepseek2": deepseek2,
    "qwen3next": lambda: hybrids.qwen3next(EXPERTS, DELTA),
    "qwen35": lambda: hybrids.qwen35(TINY, DELTA),
    "qwen35moe": lambda: hybrids.qwen35moe(EXPERTS, DELTA, "F16"),
    "lfm2": lambda: hybrids.lfm2(TIED, attending=(2, 5)),
    "jamba": lambda: jamba(TINY),
    "mamba": lambda: hybrids.mamba(TIED, state=16, time_rank=16),
    "rwkv7": lambda: rwkv7(TINY),
    "bert": lambda: bert(replace(TINY, kv_heads=8)),
}
