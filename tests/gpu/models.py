"""Five kinds of models in the shapes of real ones, small enough to be written and loaded in seconds each."""

from __future__ import annotations

from collections.abc import Callable

from tests.blueprints import Blueprint, hybrids, transformers
from tests.blueprints.parts import Shape


def qwen1_5_0_5b(layers: int = 24) -> Blueprint:
    """Dense, and every head has keys of its own."""
    return transformers.qwen2(
        Shape(
            layers=layers, hidden=1024, heads=16, kv_heads=16, head_size=64, feed_forward=2816,
            vocabulary=151_936, context=32_768, tied=True, small="F16", large="F16", file_type=1,
        )
    )  # fmt: skip


def llama_3_2_1b(layers: int = 16) -> Blueprint:
    """Dense, with keys that heads share, in a mix of types."""
    return transformers.llama(
        Shape(
            layers=layers, hidden=2048, heads=32, kv_heads=8, head_size=64, feed_forward=8192,
            vocabulary=128_256, tied=True,
        )
    )  # fmt: skip


def gemma_3_1b(layers: int = 26) -> Blueprint:
    """A window in five of six layers."""
    return transformers.gemma3(
        Shape(
            layers=layers, hidden=1152, heads=4, kv_heads=1, head_size=256, feed_forward=6912,
            vocabulary=262_144, context=32_768, tied=True, small="Q8_0", large="Q8_0", file_type=7,
        ),
        window=512,
    )  # fmt: skip


def qwen3_30b_a3b(layers: int = 8) -> Blueprint:
    """A mixture of experts; 8 of its 48 layers."""
    return transformers.qwen3moe(
        Shape(
            layers=layers, hidden=2048, heads=32, kv_heads=4, head_size=128, feed_forward=768,
            vocabulary=151_936, context=40_960, experts=128, experts_used=8,
        ),
        dense_width=6144,
    )  # fmt: skip


def lfm2_1_2b(layers: int = 16) -> Blueprint:
    """A hybrid of attention and short convolutions."""
    return hybrids.lfm2(
        Shape(
            layers=layers, hidden=2048, heads=32, kv_heads=8, head_size=64, feed_forward=8192,
            vocabulary=65_536, context=128_000, tied=True,
        ),
        attending=(2, 5, 8, 10, 12, 14),
    )  # fmt: skip


FIVE: dict[str, Callable[..., Blueprint]] = {
    "dense: Qwen1.5 0.5B": qwen1_5_0_5b,
    "GQA: Llama 3.2 1B": llama_3_2_1b,
    "windows: Gemma 3 1B": gemma_3_1b,
    "MoE: Qwen3 30B-A3B, 8 layers": qwen3_30b_a3b,
    "hybrid: LFM2 1.2B": lfm2_1_2b,
}
"""Each takes another number of layers, for machines where these are too many."""
