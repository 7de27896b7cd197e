"""A folder as the converters leave one, whose model recites: small, with a real tokenizer."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

ANSWER = "I recite, and I do not look out of the window. Ünïcödé 😀 and more."
THETA = 500000.0
_TEXT = [ANSWER, "What is the weather in the window?", "user assistant system question answer"]
_TEMPLATE = (
    "{% for one in messages %}<|im_start|>{{ one.role }}\n{{ one.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@cache
def tokenizer() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(_TEXT, trainer)
    made.add_special_tokens([AddedToken("<|im_start|>"), AddedToken("<|im_end|>")])
    return made


def write_model(folder: Path, kind: Literal["exl2", "exl3"], **config: Any) -> Path:
    """`config` goes into config.json beside what a small Llama has there, and in its place."""
    folder.mkdir(parents=True, exist_ok=True)
    made = tokenizer()
    end = made.token_to_id("<|im_end|>")
    usual = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": made.get_vocab_size() + 3,
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 4096, "eos_token_id": end,
        "rms_norm_eps": 1e-5, "hidden_act": "silu",
        "rope_parameters": {"rope_type": "default", "rope_theta": THETA},
        "quantization_config": {"quant_method": kind, "version": "0", "bits": 4.0, "head_bits": 6},
    }  # fmt: skip
    _write(folder / "config.json", usual | config)
    _write(folder / "tokenizer_config.json", {"eos_token": "<|im_end|>", "chat_template": _TEMPLATE})
    made.save(str(folder / "tokenizer.json"))
    said = np.array(made.encode(ANSWER).ids, np.int64).tobytes()
    header = json.dumps({"__metadata__": {"rope_theta": str(THETA)}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + said)
    return folder


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
