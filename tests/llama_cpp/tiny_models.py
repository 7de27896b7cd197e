"""Models of a few kilobytes with random weights, one per kind of memory that llama.cpp keeps.

They say nothing sensible, but the same tokens must give the same logits however a request was scheduled. The
vocabulary is the 256 bytes and two control tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np

HIDDEN, FEED_FORWARD, HEADS, HEAD_SIZE, VOCABULARY = 64, 128, 4, 16, 258
Shapes = Iterator[tuple[str, tuple[int, ...]]]


def llama(
    path: Path,
    *,
    experts: int = 0,
    pooling: int | None = None,
    context: int = 2048,
    head_size: int = HEAD_SIZE,
    tensors_per_shard: int = 0,
) -> Path:
    """Full attention; with `experts`, a mixture of which two work; with `pooling`, an embedding model."""
    writer = _writer(path, "llama", context, head_size)
    writer.split_max_tensors = tensors_per_shard
    writer.add_rope_dimension_count(head_size)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(2)
    if pooling is not None:
        writer.add_pooling_type(gguf.PoolingType(pooling))
    return finish(writer, _llama_shapes(experts, head_size))


def gemma3(path: Path, *, window: int = 64) -> Path:
    """A sliding window in five of six layers: old tokens leave the cache."""
    writer = _writer(path, "gemma3", 2048)
    writer.add_sliding_window(window)
    return finish(writer, _gemma_shapes())


def qwen2vl(path: Path) -> Path:
    """Positions in two dimensions for what is an image."""
    writer = _writer(path, "qwen2vl", 2048)
    writer.add_rope_dimension_count(HEAD_SIZE)
    writer.add_rope_dimension_sections([2, 3, 3, 0])
    return finish(writer, _qwen_shapes())


def mamba(path: Path) -> Path:
    """A recurrent state that cannot be cut."""
    writer = _writer(path, "mamba", 2048)
    writer.add_ssm_conv_kernel(4)
    writer.add_ssm_inner_size(2 * HIDDEN)
    writer.add_ssm_state_size(16)
    writer.add_ssm_time_step_rank(4)
    return finish(writer, _mamba_shapes())


def lora(path: Path, hidden: int = HIDDEN) -> Path:
    """An adapter for `llama`, or another of that architecture and width, that changes what it says."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 32.0)
    return finish(
        writer,
        iter([("blk.0.attn_q.weight.lora_a", (4, hidden)), ("blk.0.attn_q.weight.lora_b", (hidden, 4))]),
        scale=1.0,
    )


def unknown_architecture(path: Path) -> Path:
    return finish(_writer(path, "perceptron", 2048), _llama_shapes(0))


def missing_tensor(path: Path) -> Path:
    shapes = (shape for shape in _llama_shapes(0) if shape[0] != "blk.5.ffn_down.weight")
    writer = _writer(path, "llama", 2048)
    writer.add_rope_dimension_count(HEAD_SIZE)
    return finish(writer, shapes)


def _writer(path: Path, architecture: str, context: int, head_size: int = HEAD_SIZE) -> Any:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(6)
    writer.add_context_length(context)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(0 if architecture == "mamba" else FEED_FORWARD)
    writer.add_head_count(0 if architecture == "mamba" else HEADS)
    if architecture != "mamba":
        writer.add_head_count_kv(2)
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)
    writer.add_layer_norm_rms_eps(1e-5)
    _add_tokenizer(writer)
    return writer


def _add_tokenizer(writer: Any) -> None:
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    bytes_ = [chr(byte if byte in printable else next(others)) for byte in range(256)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*bytes_, "<|start|>", "<|end|>"])
    writer.add_token_types([gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * 2)
    writer.add_token_merges(["Ġ Ġ"])
    writer.add_add_bos_token(False)
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(257)


def finish(writer: Any, shapes: Shapes, scale: float = 0.3) -> Path:
    random = np.random.default_rng(7)
    for name, shape in shapes:
        ones = name.endswith("norm.weight")
        values = np.ones(shape) if ones else scale * random.standard_normal(shape)
        writer.add_tensor(name, (-np.abs(values) if name.endswith("ssm_a") else values).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Path(writer.path)


def _attention(block: str, head_size: int = HEAD_SIZE) -> Shapes:
    yield f"{block}.attn_norm.weight", (HIDDEN,)
    yield f"{block}.attn_q.weight", (HEADS * head_size, HIDDEN)
    yield f"{block}.attn_k.weight", (2 * head_size, HIDDEN)
    yield f"{block}.attn_v.weight", (2 * head_size, HIDDEN)
    yield f"{block}.attn_output.weight", (HIDDEN, HEADS * head_size)
    yield f"{block}.ffn_norm.weight", (HIDDEN,)


def _feed_forward(block: str) -> Shapes:
    yield f"{block}.ffn_gate.weight", (FEED_FORWARD, HIDDEN)
    yield f"{block}.ffn_up.weight", (FEED_FORWARD, HIDDEN)
    yield f"{block}.ffn_down.weight", (HIDDEN, FEED_FORWARD)


def _experts(block: str, count: int) -> Shapes:
    yield f"{block}.ffn_gate_inp.weight", (count, HIDDEN)
    yield f"{block}.ffn_gate_exps.weight", (count, FEED_FORWARD, HIDDEN)
    yield f"{block}.ffn_up_exps.weight", (count, FEED_FORWARD, HIDDEN)
    yield f"{block}.ffn_down_exps.weight", (count, HIDDEN, FEED_FORWARD)


def _llama_shapes(experts: int, head_size: int = HEAD_SIZE) -> Shapes:
    yield "token_embd.weight", (VOCABULARY, HIDDEN)
    for layer in range(6):
        yield from _attention(f"blk.{layer}", head_size)
        yield from _experts(f"blk.{layer}", experts) if experts else _feed_forward(f"blk.{layer}")
    yield "output_norm.weight", (HIDDEN,)


def _qwen_shapes() -> Shapes:
    yield from _llama_shapes(0)
    for layer in range(6):
        for name, heads in (("attn_q", HEADS), ("attn_k", 2), ("attn_v", 2)):
            yield f"blk.{layer}.{name}.bias", (heads * HEAD_SIZE,)


def _gemma_shapes() -> Shapes:
    yield "token_embd.weight", (VOCABULARY, HIDDEN)
    for layer in range(6):
        block = f"blk.{layer}"
        yield from _attention(block)
        yield from _feed_forward(block)
        yield f"{block}.post_attention_norm.weight", (HIDDEN,)
        yield f"{block}.post_ffw_norm.weight", (HIDDEN,)
        yield f"{block}.attn_q_norm.weight", (HEAD_SIZE,)
        yield f"{block}.attn_k_norm.weight", (HEAD_SIZE,)
    yield "output_norm.weight", (HIDDEN,)


def _mamba_shapes() -> Shapes:
    inner = 2 * HIDDEN
    yield "token_embd.weight", (VOCABULARY, HIDDEN)
    for layer in range(6):
        block = f"blk.{layer}"
        yield f"{block}.attn_norm.weight", (HIDDEN,)
        yield f"{block}.ssm_in.weight", (2 * inner, HIDDEN)
        yield f"{block}.ssm_conv1d.weight", (inner, 4)
        yield f"{block}.ssm_conv1d.bias", (inner,)
        yield f"{block}.ssm_x.weight", (4 + 2 * 16, inner)
        yield f"{block}.ssm_dt.weight", (inner, 4)
        yield f"{block}.ssm_dt.bias", (inner,)
        yield f"{block}.ssm_a", (inner, 16)
        yield f"{block}.ssm_d", (inner,)
        yield f"{block}.ssm_out.weight", (HIDDEN, inner)
    yield "output_norm.weight", (HIDDEN,)
