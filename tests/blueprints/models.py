"""The shapes of models that people run, with the mixes of types that they are published in."""

from __future__ import annotations

from collections.abc import Callable

from tests.blueprints import hybrids, transformers
from tests.blueprints.blueprint import Blueprint
from tests.blueprints.hybrids import DeltaNet
from tests.blueprints.parts import Shape


def llama_3_8b() -> Blueprint:
    return transformers.llama(
        Shape(
            layers=32, hidden=4096, heads=32, kv_heads=8, head_size=128, feed_forward=14336,
            vocabulary=128_256,
        )
    )  # fmt: skip


def llama_3_70b() -> Blueprint:
    return transformers.llama(
        Shape(
            layers=80, hidden=8192, heads=64, kv_heads=8, head_size=128, feed_forward=28672,
            vocabulary=128_256,
        )
    )  # fmt: skip


def qwen3_30b_a3b() -> Blueprint:
    return transformers.qwen3moe(
        Shape(
            layers=48, hidden=2048, heads=32, kv_heads=4, head_size=128, feed_forward=768,
            vocabulary=151_936, context=40_960, experts=128, experts_used=8,
        ),
        dense_width=6144,
    )  # fmt: skip


def gemma_3_27b() -> Blueprint:
    return transformers.gemma3(
        Shape(
            layers=62, hidden=5376, heads=32, kv_heads=16, head_size=128, feed_forward=21504,
            vocabulary=262_144, tied=True,
        ),
        window=1024,
    )  # fmt: skip


def gpt_oss_20b() -> Blueprint:
    return transformers.gpt_oss(
        Shape(
            layers=24, hidden=2880, heads=64, kv_heads=8, head_size=64, feed_forward=2880,
            vocabulary=201_088, experts=32, experts_used=4, small="Q8_0", large="Q8_0", file_type=38,
        ),
        window=128,
    )  # fmt: skip


def deepseek_v3() -> Blueprint:
    return transformers.deepseek2(
        Shape(
            layers=61, hidden=7168, heads=128, kv_heads=1, head_size=576, feed_forward=2048,
            vocabulary=129_280, context=163_840, experts=256, experts_used=8,
        ),
        dense_width=18_432, dense_layers=3, q_rank=1536, kv_rank=512,
    )  # fmt: skip


def qwen3_next_80b_a3b() -> Blueprint:
    return hybrids.qwen3next(
        Shape(
            layers=48, hidden=2048, heads=16, kv_heads=2, head_size=256, feed_forward=512,
            vocabulary=151_936, context=262_144, experts=512, experts_used=10,
        ),
        DeltaNet(value_heads=32),
    )  # fmt: skip


def qwen3_6_27b() -> Blueprint:
    return hybrids.qwen35(
        Shape(
            layers=64, hidden=5120, heads=24, kv_heads=4, head_size=256, feed_forward=17_408,
            vocabulary=248_320, context=262_144,
        ),
        DeltaNet(value_heads=48),
    )  # fmt: skip


def qwen3_6_35b_a3b() -> Blueprint:
    return hybrids.qwen35moe(
        Shape(
            layers=40, hidden=2048, heads=16, kv_heads=2, head_size=256, feed_forward=512,
            vocabulary=248_320, context=262_144, experts=256, experts_used=8, small="IQ4_XS", file_type=30,
        ),
        DeltaNet(value_heads=32),
    )  # fmt: skip


def mamba_2_8b() -> Blueprint:
    return hybrids.mamba(
        Shape(
            layers=64, hidden=2560, heads=0, kv_heads=0, head_size=0, feed_forward=0,
            vocabulary=50_280, context=1_048_576, tied=True, small="Q8_0", file_type=7,
        ),
        state=16, time_rank=160,
    )  # fmt: skip


def lfm2_1_2b() -> Blueprint:
    return hybrids.lfm2(
        Shape(
            layers=16, hidden=2048, heads=32, kv_heads=8, head_size=64, feed_forward=8192,
            vocabulary=65_536, context=128_000, tied=True,
        ),
        attending=(2, 5, 8, 10, 12, 14),
    )  # fmt: skip


TEN: dict[str, Callable[[], Blueprint]] = {
    "Llama 3 8B": llama_3_8b,
    "Qwen3 30B-A3B": qwen3_30b_a3b,
    "Gemma 3 27B": gemma_3_27b,
    "gpt-oss 20B": gpt_oss_20b,
    "DeepSeek V3": deepseek_v3,
    "Qwen3-Next 80B-A3B": qwen3_next_80b_a3b,
    "Qwen3.6 27B": qwen3_6_27b,
    "Qwen3.6 35B-A3B": qwen3_6_35b_a3b,
    "Mamba 2.8B": mamba_2_8b,
    "LFM2 1.2B": lfm2_1_2b,
}
"""One of each kind of attention and state that is in use."""
