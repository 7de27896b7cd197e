"""For each family, a random model gives the same logits in transformers and, converted, in llama.cpp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conversion.corpus import lines
from tests.conversion.llama_cpp_answers import Model
from tests.conversion.references import random_model, save_tokenizer
from tests.conversion.test_converting import converted
from tests.conversion.tiny_tokenizers import byte_level

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

TOLERANCE = 2e-4
"""Largest difference of a logit, where logits are of the order of ten; both sides compute in 32 bits."""
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 5e5,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 128}

DECODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Llama": ("LlamaConfig", {}),
    "Llama with scaled positions": ("LlamaConfig", {"rope_parameters": LLAMA3}),
    "Llama with biases and heads of a size of their own": (
        "LlamaConfig",
        {"attention_bias": True, "head_dim": 32, "tie_word_embeddings": True},
    ),
    "Mistral": ("MistralConfig", {"sliding_window": None}),
    "Qwen2": ("Qwen2Config", {}),
    "Qwen2 with YaRN": ("Qwen2Config", {"rope_parameters": YARN}),
    "Qwen3": ("Qwen3Config", {"head_dim": 32}),
}


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_computes_as_in_transformers(
    tmp_path: Path, name: str, record_property: pytest.RecordProperty
) -> None:
    kind, changes = DECODERS[name]
    reference = random_model(tmp_path, kind, **changes)
    tokenizer = byte_level("llama-bpe")
    save_tokenizer(tokenizer, tmp_path, bos_token="<|begin|>", eos_token="<|end|>")
    tokens = tokenizer.encode(" ".join(lines(10))).ids[:200]
    with Model(converted(tmp_path, "f32").path) as model:
        difference = np.abs(model.logits(tokens) - (expected := reference.logits(tokens))).max()
    record_property("largest_difference", float(difference))
    assert np.abs(expected).max() > 1
    assert difference < TOLERANCE, f"{difference} of {np.abs(expected).max()}"
