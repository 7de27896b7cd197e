"""Writes a trained network and its tokenizer as one GGUF file.

Matrices are stored in 16 bits, norms in 32. No row is permuted: the network already turns neighbouring
channels, as llama.cpp does for the `llama` architecture. It knows nothing of the training text.
"""

import json
from pathlib import Path

import gguf
import numpy
from model import Geometry, Llama
from numpy.typing import NDArray
from tokenizer import CONTROL_TOKENS, END_OF_TEXT, TURN_END
from tokenizers import Tokenizer

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + (message['content'] | trim) + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
DESCRIPTION = (
    "A very small model that answers questions about the workbench and about running language models "
    "locally, and says so when it does not know."
)
TENSOR_NAMES = {
    "attention_norm": "attn_norm",
    "attention.query": "attn_q",
    "attention.key": "attn_k",
    "attention.value": "attn_v",
    "attention.output": "attn_output",
    "feed_forward_norm": "ffn_norm",
    "feed_forward.gate": "ffn_gate",
    "feed_forward.up": "ffn_up",
    "feed_forward.down": "ffn_down",
}


def export(model: Llama, tokenizer: Tokenizer, path: Path) -> None:
    """Write `model` and `tokenizer` to `path`."""
    writer = gguf.GGUFWriter(path, "llama")
    _add_general(writer)
    _add_geometry(writer, model.geometry)
    _add_tokenizer(writer, tokenizer)
    for name, weight in model.named_parameters():
        _add_tensor(writer, _tensor_name(name), weight.detach().float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_general(writer: gguf.GGUFWriter) -> None:
    writer.add_name("guide")
    writer.add_basename("guide")
    writer.add_size_label("5.8M")
    writer.add_license("mit")
    writer.add_description(DESCRIPTION)
    writer.add_languages(["en"])
    writer.add_tags(["text-generation"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add_geometry(writer: gguf.GGUFWriter, geometry: Geometry) -> None:
    writer.add_context_length(geometry.context_length)
    writer.add_embedding_length(geometry.hidden)
    writer.add_block_count(geometry.layers)
    writer.add_feed_forward_length(geometry.feed_forward)
    writer.add_head_count(geometry.heads)
    writer.add_head_count_kv(geometry.kv_heads)
    writer.add_key_length(geometry.head_size)
    writer.add_value_length(geometry.head_size)
    writer.add_rope_dimension_count(geometry.head_size)
    writer.add_rope_freq_base(geometry.rope_base)
    writer.add_layer_norm_rms_eps(geometry.norm_epsilon)
    writer.add_vocab_size(geometry.vocabulary)


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    vocabulary = sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda item: item[1])
    tokens = [token for token, _ in vocabulary]
    kinds = [gguf.TokenType.CONTROL if token in CONTROL_TOKENS else gguf.TokenType.NORMAL for token in tokens]
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(END_OF_TEXT)
    writer.add_eos_token_id(TURN_END)
    writer.add_eot_token_id(TURN_END)
    writer.add_pad_token_id(END_OF_TEXT)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _tensor_name(parameter: str) -> str:
    match parameter.removesuffix(".weight").split(".", 2):
        case ["embedding"]:
            return "token_embd.weight"
        case ["norm"]:
            return "output_norm.weight"
        case ["blocks", index, part]:
            return f"blk.{index}.{TENSOR_NAMES[part]}.weight"
    raise ValueError(f"no tensor is called {parameter}")


def _add_tensor(writer: gguf.GGUFWriter, name: str, weight: NDArray[numpy.float32]) -> None:
    writer.add_tensor(name, weight.astype(numpy.float16) if weight.ndim == 2 else weight)
