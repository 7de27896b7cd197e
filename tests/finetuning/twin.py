"""The bundled model as transformers saves one: read out of its GGUF, so that trainers can go on with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

import workbench_guide
from tests.conversion import folders
from tests.conversion.references import save_tokenizer
from workbench.gguf import Header, read_header

_CONTROL = 3
"""The type of tokens that no text holds."""
_PARTS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OTHERS = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}


def twin(folder: Path, chat_template: str = "") -> Path:
    """Its folder, in 32 bits, with a chat template in place of its own where one is given."""
    header = read_header(workbench_guide.PATH)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(_config(header)))
    folders.save(folder / "model.safetensors", _tensors(header))
    tokens = header.metadata["tokenizer.ggml.tokens"]
    first, end = (tokens[header.number(f"tokenizer.ggml.{role}_token_id")] for role in ("bos", "eos"))
    save_tokenizer(_tokenizer(header), folder, bos_token=first, pad_token=first, eos_token=end)
    (folder / "chat_template.jinja").write_text(chat_template or str(header.chat_template))
    return folder


def _config(header: Header) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "hidden_act": "silu",
        "hidden_size": header.number("llama.embedding_length"),
        "intermediate_size": header.number("llama.feed_forward_length"),
        "num_hidden_layers": header.number("llama.block_count"),
        "num_attention_heads": header.number("llama.attention.head_count"),
        "num_key_value_heads": header.number("llama.attention.head_count_kv"),
        "max_position_embeddings": header.number("llama.context_length"),
        "rms_norm_eps": header.metadata["llama.attention.layer_norm_rms_epsilon"],
        "rope_theta": header.metadata["llama.rope.freq_base"],
        "vocab_size": len(header.metadata["tokenizer.ggml.tokens"]),
        "tie_word_embeddings": True,
        "bos_token_id": header.number("tokenizer.ggml.bos_token_id"),
        "eos_token_id": header.number("tokenizer.ggml.eos_token_id"),
    }


def _tensors(header: Header) -> folders.Tensors:
    heads = {"attn_q": "head_count", "attn_k": "head_count_kv"}
    found: folders.Tensors = {}
    for tensor in gguf.GGUFReader(workbench_guide.PATH).tensors:
        *block, part = tensor.name.removesuffix(".weight").removeprefix("blk.").split(".")
        weight = np.array(tensor.data, np.float32)
        if part in heads:
            weight = _halves(weight, header.number(f"llama.attention.{heads[part]}"))
        name = f"model.layers.{block[0]}.{_PARTS[part]}" if block else _OTHERS[part]
        found[f"{name}.weight"] = weight
    return found


def _halves(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows that turn together stand half a head apart in transformers, side by side in llama.cpp."""
    size = len(weight) // heads
    return weight.reshape(heads, size // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape).copy()


def _tokenizer(header: Header) -> Tokenizer:
    tokens, kinds = (header.metadata[f"tokenizer.ggml.{name}"] for name in ("tokens", "token_type"))
    merges = [tuple(pair.split(" ")) for pair in header.metadata["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE(vocab={token: id for id, token in enumerate(tokens)}, merges=merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    made.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return made
