"""The shapes of models that people run, for files of random weights that match them in size and speed.

Knows nothing of files or of quantization.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

EMBEDDING = "token_embd.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """The shape of a transformer whose output matrix is its token embedding.

    Attributes:
        feed_forward: Of one expert where there are experts, of which `experts_used` see each token.
    """

    architecture: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context_length: int
    rope_base: float
    qk_norm: bool = False
    qkv_bias: bool = False
    experts: int = 0
    experts_used: int = 0


GEOMETRIES = {
    "llama-60m": Geometry(
        architecture="llama",
        layers=12,
        hidden=512,
        feed_forward=2048,
        heads=8,
        kv_heads=4,
        head_size=64,
        vocabulary=32_000,
        context_length=32_768,
        rope_base=10_000,
    ),
    "qwen2.5-0.5b": Geometry(
        architecture="qwen2",
        layers=24,
        hidden=896,
        feed_forward=4864,
        heads=14,
        kv_heads=2,
        head_size=64,
        vocabulary=151_936,
        context_length=32_768,
        rope_base=1_000_000,
        qkv_bias=True,
    ),
    "qwen3-0.6b": Geometry(
        architecture="qwen3",
        layers=28,
        hidden=1024,
        feed_forward=3072,
        heads=16,
        kv_heads=8,
        head_size=128,
        vocabulary=151_936,
        context_length=40_960,
        rope_base=1_000_000,
        qk_norm=True,
    ),
    "llama-3.2-1b": Geometry(
        architecture="llama",
        layers=16,
        hidden=2048,
        feed_forward=8192,
        heads=32,
        kv_heads=8,
        head_size=64,
        vocabulary=128_256,
        context_length=131_072,
        rope_base=500_000,
    ),
    "qwen3-1.7b": Geometry(
        architecture="qwen3",
        layers=28,
        hidden=2048,
        feed_forward=6144,
        heads=16,
        kv_heads=8,
        head_size=128,
        vocabulary=151_936,
        context_length=40_960,
        rope_base=1_000_000,
        qk_norm=True,
    ),
    "qwen2.5-3b": Geometry(
        architecture="qwen2",
        layers=36,
        hidden=2048,
        feed_forward=11_008,
        heads=16,
        kv_heads=2,
        head_size=128,
        vocabulary=151_936,
        context_length=32_768,
        rope_base=1_000_000,
        qkv_bias=True,
    ),
    "granite-3.1-1b-a400m": Geometry(
        architecture="granitemoe",
        layers=24,
        hidden=1024,
        feed_forward=512,
        heads=16,
        kv_heads=8,
        head_size=64,
        vocabulary=49_155,
        context_length=131_072,
        rope_base=1_500_000,
        experts=32,
        experts_used=8,
    ),
    "granite-3.1-3b-a800m": Geometry(
        architecture="granitemoe",
        layers=32,
        hidden=1536,
        feed_forward=512,
        heads=24,
        kv_heads=8,
        head_size=64,
        vocabulary=49_155,
        context_length=131_072,
        rope_base=1_500_000,
        experts=40,
        experts_used=8,
    ),
}


def tensor_shapes(geometry: Geometry) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes, rows first, in the order in which they are stored."""
    hidden, feed_forward = geometry.hidden, geometry.feed_forward
    queries, keys = geometry.heads * geometry.head_size, geometry.kv_heads * geometry.head_size
    yield EMBEDDING, (geometry.vocabulary, hidden)
    for layer in range(geometry.layers):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", (hidden,)
        for name, rows in (("attn_q", queries), ("attn_k", keys), ("attn_v", keys)):
            yield f"{block}{name}.weight", (rows, hidden)
            if geometry.qkv_bias:
                yield f"{block}{name}.bias", (rows,)
        if geometry.qk_norm:
            yield block + "attn_q_norm.weight", (geometry.head_size,)
            yield block + "attn_k_norm.weight", (geometry.head_size,)
        yield block + "attn_output.weight", (hidden, queries)
        yield block + "ffn_norm.weight", (hidden,)
        stacked, suffix = ((geometry.experts,), "_exps") if geometry.experts else ((), "")
        if geometry.experts:
            yield block + "ffn_gate_inp.weight", (geometry.experts, hidden)
        yield f"{block}ffn_gate{suffix}.weight", (*stacked, feed_forward, hidden)
        yield f"{block}ffn_up{suffix}.weight", (*stacked, feed_forward, hidden)
        yield f"{block}ffn_down{suffix}.weight", (*stacked, hidden, feed_forward)
    yield "output_norm.weight", (hidden,)
