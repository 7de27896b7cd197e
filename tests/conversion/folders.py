"""Folders as transformers saves models, made with nothing but NumPy: small, with random weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HIDDEN, FEED_FORWARD, HEADS, KV_HEADS, BLOCKS, VOCABULARY = 64, 96, 4, 2, 2, 258
_TYPES = {"float32": "F32", "float16": "F16", "uint16": "BF16", "uint8": "F8_E4M3"}
Tensors = dict[str, NDArray[Any]]
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_act": "silu",
    "hidden_size": HIDDEN,
    "intermediate_size": FEED_FORWARD,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "vocab_size": VOCABULARY,
    "tie_word_embeddings": False,
    "bos_token_id": 256,
    "eos_token_id": 257,
}


def llama(folder: Path, tensors: Tensors | None = None, config: Mapping[str, Any] | None = None) -> Path:
    """A whole Llama of the 256 bytes and two special tokens; `config` is put over the usual one."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "model.safetensors", tensors or llama_tensors())
    (folder / "config.json").write_text(json.dumps({**CONFIG, **(config or {})}))
    (folder / "tokenizer.json").write_text(json.dumps(byte_tokenizer()))
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "eos_token": "</s>"}))
    (folder / "chat_template.jinja").write_text("{{ bos_token }}{{ messages[0]['content'] }}")
    return folder


def llama_tensors() -> Tensors:
    random = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (VOCABULARY, HIDDEN),
        "lm_head.weight": (VOCABULARY, HIDDEN),
        "model.norm.weight": (HIDDEN,),
    }
    for block in range(BLOCKS):
        shapes |= {f"model.layers.{block}.{part}.weight": shape for part, shape in _PARTS.items()}
    return {name: random.standard_normal(shape).astype(np.float32) * 0.3 for name, shape in shapes.items()}


_PARTS: dict[str, tuple[int, ...]] = {
    "input_layernorm": (HIDDEN,),
    "post_attention_layernorm": (HIDDEN,),
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (HIDDEN // 2, HIDDEN),
    "self_attn.v_proj": (HIDDEN // 2, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (FEED_FORWARD, HIDDEN),
    "mlp.up_proj": (FEED_FORWARD, HIDDEN),
    "mlp.down_proj": (HIDDEN, FEED_FORWARD),
}


def byte_tokenizer() -> dict[str, Any]:
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    # One merge, of two bytes that no text has: engines want some.
    letters = [chr(byte if byte in printable else next(others)) for byte in range(256)]
    added = [
        {"id": 256 + index, "content": text, "special": True} for index, text in enumerate(("<s>", "</s>"))
    ]
    start = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return {
        "added_tokens": added,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "post_processor": {"type": "TemplateProcessing", "single": [start, {"Sequence": {"id": "A"}}]},
        "model": {
            "type": "BPE",
            "vocab": {letter: byte for byte, letter in enumerate(letters)},
            "merges": ["þ ÿ"],
        },
    }


def save(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """A safetensors file; 16-bit whole numbers stand for BF16 and 8-bit ones for FP8."""
    header, start = {}, 0
    for name, tensor in tensors.items():
        places = [start, start + tensor.nbytes]
        header[name] = {
            "dtype": _TYPES[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": places,
        }
        start = places[1]
    write_safetensors(
        path, json.dumps(header).encode(), b"".join(tensor.tobytes() for tensor in tensors.values())
    )


def write_safetensors(path: Path, header: bytes, weights: bytes) -> None:
    path.write_bytes(len(header).to_bytes(8, "little") + header + weights)
