"""Files of blueprints with random weights, of any size: they say nothing sensible, but always the same.

The same noise is repeated, from a place of its own for each tensor: writing takes as long as the disk does.
Quantized blocks are random bits with scales that keep the values small. Knows no architecture beyond the few
names whose values must have a sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.blueprints.blueprint import TYPES, Blueprint, Tensor, header_bytes, padded

CONTROL_TOKENS = 2
_PERIOD_BLOCKS = 65_521
_SIZE = 0.02
_SCALES = {
    "Q8_0": ((0, 2.7e-4),),
    "Q4_K": ((0, 1.4e-4), (2, 1.05e-3)),
    "Q6_K": ((208, 1.5e-5),),
    "IQ4_XS": ((0, 1e-5),),
}
"""For each type, where its blocks keep scales in half precision, and how large they may be."""


def write(blueprint: Blueprint, path: Path, seed: int = 0) -> Path:
    """The model as a file that llama.cpp loads; the same seed gives the same file."""
    random = np.random.default_rng(seed)
    noise: dict[str, bytes] = {}
    with open(path, "wb") as file:
        file.write(header_bytes(blueprint, _tokenizer(blueprint.vocabulary)))
        for tensor in blueprint.tensors:
            if tensor.type not in noise:
                noise[tensor.type] = _noise(tensor.type, random)
            start = int(random.integers(_PERIOD_BLOCKS)) * TYPES[tensor.type].block_bytes
            for piece in _content(tensor, noise[tensor.type], start):
                file.write(piece)
            file.write(bytes(padded(tensor.size_bytes) - tensor.size_bytes))
    return path


def _tokenizer(size: int) -> dict[str, int | str | list[int] | list[str] | bool]:
    """The 256 bytes, tokens nobody says, and a beginning and an end."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    symbols = [chr(byte if byte in printable else next(others)) for byte in range(256)]
    fillers = [f"<{number}>" for number in range(size - 256 - CONTROL_TOKENS)]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [*symbols, *fillers, "<|start|>", "<|end|>"],
        "tokenizer.ggml.token_type": [1] * (size - CONTROL_TOKENS) + [3] * CONTROL_TOKENS,
        "tokenizer.ggml.merges": ["Ġ Ġ"],
        "tokenizer.ggml.bos_token_id": size - 2,
        "tokenizer.ggml.eos_token_id": size - 1,
        "tokenizer.ggml.add_bos_token": False,
    }


def _content(tensor: Tensor, noise: bytes, start: int) -> Iterator[bytes]:
    if "norm" in tensor.name or tensor.name == "rope_freqs.weight":
        yield np.ones(tensor.shape, np.float32).tobytes()
        return
    if tensor.name.endswith("ssm_a"):  # a state must fade
        yield np.full(tensor.shape, -0.5, np.float32).tobytes()
        return
    left = tensor.size_bytes
    while left > 0:
        piece = noise[start : start + left]
        yield piece
        left -= len(piece)
        start = 0


def _noise(kind: str, random: np.random.Generator) -> bytes:
    """A prime number of blocks."""
    if kind in ("F32", "F16"):
        values = random.standard_normal(_PERIOD_BLOCKS * 32, dtype=np.float32) * np.float32(_SIZE)
        return values.astype(np.float32 if kind == "F32" else np.float16).tobytes()
    size = TYPES[kind].block_bytes
    blocks = random.integers(0, 256, (_PERIOD_BLOCKS, size), dtype=np.uint8)
    if kind == "MXFP4":
        blocks[:, 0] = 119  # an exponent: 2 to the power of -8
    for offset, scale in _SCALES.get(kind, ()):
        half = np.full(_PERIOD_BLOCKS, scale, np.float16)
        blocks[:, offset : offset + 2] = half.view(np.uint8).reshape(-1, 2)
    assert kind == "MXFP4" or kind in _SCALES, f"no noise of the type {kind}"
    return blocks.tobytes()
