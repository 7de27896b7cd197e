"""Projectors of a few kilobytes with random weights for the tiny models, one per way of reading media.

What they see and hear means nothing, but the same image gives the same embeddings, and another others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf

from tests.llama_cpp.tiny_models import HIDDEN, Shapes, finish

INNER, FEED_FORWARD, LAYERS, PATCH, MELS, STACK = 32, 64, 2, 14, 80, 10


def llava(path: Path) -> Path:
    """Images of one size, 16 tokens each, read like text."""
    writer = _seeing(path, "mlp", size=4 * PATCH)
    return finish(writer, _chain(_encoder("v", patches=16), _two_layers("mm.0", "mm.2", INNER)))


def qwen2vl(path: Path) -> Path:
    """Images of any size, a token for 28 x 28 pixels, with positions in two dimensions."""
    writer = _seeing(path, "qwen2vl_merger", size=8 * PATCH)
    second = iter([("v.patch_embd.weight.1", (INNER, 3, PATCH, PATCH))])
    return finish(writer, _chain(_encoder("v"), second, _two_layers("mm.0", "mm.2", 4 * INNER)))


def gemma3(path: Path) -> Path:
    """Images of one size, 16 tokens each, all of which see each other."""
    writer = _seeing(path, "gemma3", size=8 * PATCH)
    writer.add_uint32("clip.vision.projector.scale_factor", 2)
    return finish(writer, _chain(_encoder("v", patches=64), iter([
        ("mm.input_projection.weight", (INNER, HIDDEN)),
        ("mm.soft_emb_norm.weight", (INNER,)),
    ])))  # fmt: skip


def ultravox(path: Path) -> Path:
    """Sounds, 150 tokens for each 30 seconds."""
    writer = _writer(path, "audio", "ultravox")
    writer.add_uint32("clip.audio.num_mel_bins", MELS)
    writer.add_uint32("clip.audio.projector.stack_factor", STACK)
    return finish(writer, _chain(_encoder("a", patches=1500), iter([
        ("a.conv1d.1.weight", (INNER, MELS, 3)), ("a.conv1d.1.bias", (INNER, 1)),
        ("a.conv1d.2.weight", (INNER, INNER, 3)), ("a.conv1d.2.bias", (INNER, 1)),
        ("mm.a.norm_pre.weight", (STACK * INNER,)), ("mm.a.mlp.1.weight", (2 * INNER, STACK * INNER)),
        ("mm.a.norm_mid.weight", (INNER,)), ("mm.a.mlp.2.weight", (HIDDEN, INNER)),
    ])))  # fmt: skip


def _seeing(path: Path, kind: str, size: int) -> Any:
    writer = _writer(path, "vision", kind)
    writer.add_uint32("clip.vision.image_size", size)
    writer.add_uint32("clip.vision.patch_size", PATCH)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    return writer


def _writer(path: Path, sense: str, kind: str) -> Any:
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_bool(f"clip.has_{sense}_encoder", True)
    writer.add_string("clip.projector_type", kind)
    writer.add_bool("clip.use_gelu", True)
    for name, value in {
        "embedding_length": INNER, "feed_forward_length": FEED_FORWARD, "block_count": LAYERS,
        "projection_dim": HIDDEN, "attention.head_count": 2,
    }.items():  # fmt: skip
        writer.add_uint32(f"clip.{sense}.{name}", value)
    writer.add_float32(f"clip.{sense}.attention.layer_norm_epsilon", 1e-5)
    return writer


def _encoder(prefix: str, patches: int = 0) -> Shapes:
    if prefix == "v":
        yield "v.patch_embd.weight", (INNER, 3, PATCH, PATCH)
    if patches:
        yield f"{prefix}.position_embd.weight", (patches, INNER)
    for layer in range(LAYERS):
        block = f"{prefix}.blk.{layer}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            yield f"{block}.{name}.weight", (INNER, INNER)
        for name in ("attn_q", "attn_v", "attn_out", *(() if prefix == "a" else ("attn_k",))):
            yield f"{block}.{name}.bias", (INNER,)
        for name in ("ln1", "ln2"):
            yield f"{block}.{name}.weight", (INNER,)
            yield f"{block}.{name}.bias", (INNER,)
        yield f"{block}.ffn_up.weight", (FEED_FORWARD, INNER)
        yield f"{block}.ffn_up.bias", (FEED_FORWARD,)
        yield f"{block}.ffn_down.weight", (INNER, FEED_FORWARD)
        yield f"{block}.ffn_down.bias", (INNER,)
    yield f"{prefix}.post_ln.weight", (INNER,)
    yield f"{prefix}.post_ln.bias", (INNER,)


def _two_layers(first: str, second: str, width: int) -> Shapes:
    yield f"{first}.weight", (width, width)
    yield f"{first}.bias", (width,)
    yield f"{second}.weight", (HIDDEN, width)
    yield f"{second}.bias", (HIDDEN,)


def _chain(*shapes: Shapes) -> Shapes:
    for part in shapes:
        yield from part
