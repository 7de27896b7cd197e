"""Architectures whose every layer attends: dense, with windows, with experts, with latent attention."""

from __future__ import annotations

from tests.blueprints.blueprint import Blueprint
from tests.blueprints.parts import Shape, begun, ended, experts, feed_forward, heads, qk_norms


def llama(shape: Shape, *, rope_factors: bool = True) -> Blueprint:
    """Also Mixtral, where the shape has experts."""
    blueprint = begun("llama", shape)
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    if rope_factors:
        blueprint.norm("rope_freqs", shape.head_size // 2)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        blueprint.norm(block + "attn_norm", shape.hidden)
        heads(blueprint, block, shape, value=shape.large)
        blueprint.norm(block + "ffn_norm", shape.hidden)
        if shape.experts:
            experts(blueprint, block, shape, shape.large)
        else:
            feed_forward(blueprint, block, shape.hidden, shape.feed_forward, (shape.small, shape.large))
    return ended(blueprint, shape)


def qwen2(shape: Shape) -> Blueprint:
    """Biases on queries, keys and values."""
    blueprint = begun("qwen2", shape, 1e6)
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.large)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        blueprint.norm(block + "attn_norm", shape.hidden)
        heads(blueprint, block, shape)
        blueprint.vector(block + "attn_q.bias", shape.heads * shape.head_size)
        blueprint.vector(block + "attn_k.bias", shape.kv_heads * shape.head_size)
        blueprint.vector(block + "attn_v.bias", shape.kv_heads * shape.head_size)
        blueprint.norm(block + "ffn_norm", shape.hidden)
        feed_forward(blueprint, block, shape.hidden, shape.feed_forward, (shape.small, shape.small))
    return ended(blueprint, shape)


def qwen3moe(shape: Shape, dense_width: int) -> Blueprint:
    """`dense_width` stands in the metadata alone: every layer has experts."""
    blueprint = begun("qwen3moe", shape)
    blueprint.say({"feed_forward_length": dense_width})
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        blueprint.norm(block + "attn_norm", shape.hidden)
        heads(blueprint, block, shape, value=shape.large)
        qk_norms(blueprint, block, shape)
        blueprint.norm(block + "ffn_norm", shape.hidden)
        experts(blueprint, block, shape, shape.large)
    return ended(blueprint, shape)


def gemma3(shape: Shape, window: int) -> Blueprint:
    """Five layers of six see a window of the text only."""
    blueprint = begun("gemma3", shape, 1e6)
    blueprint.say({"attention.sliding_window": window})
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.large)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"):
            blueprint.norm(block + name, shape.hidden)
        heads(blueprint, block, shape)
        qk_norms(blueprint, block, shape)
        feed_forward(blueprint, block, shape.hidden, shape.feed_forward, (shape.small, shape.small))
    return ended(blueprint, shape)


def gpt_oss(shape: Shape, window: int, experts_type: str = "MXFP4") -> Blueprint:
    """Every second layer sees a window; experts in four bits, the rest in `small`."""
    blueprint = begun("gpt-oss", shape, 150_000.0)
    blueprint.say(
        {
            "attention.sliding_window": window,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 32.0,
            "rope.scaling.original_context_length": 4096,
        }
    )
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    for layer in range(shape.layers):
        _gpt_oss_layer(blueprint, f"blk.{layer}.", shape, experts_type)
    return ended(blueprint, shape)


def _gpt_oss_layer(blueprint: Blueprint, block: str, shape: Shape, experts_type: str) -> None:
    blueprint.norm(block + "attn_norm", shape.hidden)
    blueprint.norm(block + "post_attention_norm", shape.hidden)
    heads(blueprint, block, shape)
    for name, width in (("q", shape.heads), ("k", shape.kv_heads), ("v", shape.kv_heads)):
        blueprint.vector(f"{block}attn_{name}.bias", width * shape.head_size)
    blueprint.vector(block + "attn_output.bias", shape.hidden)
    blueprint.vector(block + "attn_sinks.weight", shape.heads)
    blueprint.matrix(block + "ffn_gate_inp", (shape.hidden, shape.experts), "F32")
    blueprint.vector(block + "ffn_gate_inp.bias", shape.experts)
    for name in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"):
        blueprint.matrix(block + name, (shape.hidden, shape.feed_forward, shape.experts), experts_type)
        blueprint.vector(f"{block}{name}.bias", shape.hidden, shape.experts)


def deepseek2(shape: Shape, *, dense_width: int, dense_layers: int, q_rank: int, kv_rank: int) -> Blueprint:
    """Latent attention: one compressed vector for each token instead of keys and values."""
    rope, key, value = 64, 128, 128
    blueprint = begun("deepseek2", shape, 10_000.0)
    blueprint.say(
        {
            "feed_forward_length": dense_width,
            "attention.head_count_kv": 1,
            "attention.q_lora_rank": q_rank,
            "attention.kv_lora_rank": kv_rank,
            "attention.key_length": kv_rank + rope,
            "attention.value_length": kv_rank,
            "attention.key_length_mla": key + rope,
            "attention.value_length_mla": value,
            "rope.dimension_count": rope,
            "leading_dense_block_count": dense_layers,
            "expert_shared_count": 1,
            "expert_weights_scale": 2.5,
            "expert_gating_func": 2,
        }
    )
    blueprint.matrix("token_embd", (shape.hidden, shape.vocabulary), shape.small)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        _latent_attention(blueprint, block, shape, q_rank, kv_rank)
        if layer < dense_layers:
            feed_forward(blueprint, block, shape.hidden, dense_width, (shape.small, shape.small))
        else:
            experts(blueprint, block, shape, shape.small)
            blueprint.vector(block + "exp_probs_b.bias", shape.experts)
            for name in ("ffn_gate_shexp", "ffn_up_shexp"):
                blueprint.matrix(block + name, (shape.hidden, shape.feed_forward), shape.small)
            blueprint.matrix(block + "ffn_down_shexp", (shape.feed_forward, shape.hidden), shape.small)
    return ended(blueprint, shape)


def _latent_attention(blueprint: Blueprint, block: str, shape: Shape, q_rank: int, kv_rank: int) -> None:
    blueprint.norm(block + "attn_norm", shape.hidden)
    blueprint.norm(block + "attn_q_a_norm", q_rank)
    blueprint.norm(block + "attn_kv_a_norm", kv_rank)
    blueprint.matrix(block + "attn_q_a", (shape.hidden, q_rank), shape.small)
    blueprint.matrix(block + "attn_q_b", (q_rank, shape.heads * 192), shape.small)
    blueprint.matrix(block + "attn_kv_a_mqa", (shape.hidden, kv_rank + 64), shape.small)
    blueprint.matrix(block + "attn_k_b", (128, kv_rank, shape.heads), "Q8_0")
    blueprint.matrix(block + "attn_v_b", (kv_rank, 128, shape.heads), "Q8_0")
    blueprint.matrix(block + "attn_output", (shape.heads * 128, shape.hidden), shape.small)
    blueprint.norm(block + "ffn_norm", shape.hidden)
