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

TOLERANCE = 1e-4
"""Largest difference of a logit, as a share of the largest logit; both sides compute in 32 bits."""
GELU_TOLERANCE = 2e-3
"""The same where llama.cpp takes GELU from a table of 16-bit floats."""
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 5e5,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 128}
PARTLY = {"rope_type": "default", "rope_theta": 1e4}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 1e4,
    "short_factor": [1.0 + number / 10 for number in range(8)],
    "long_factor": [2.0 + number for number in range(8)],
}
ORIGINAL = {"original_max_position_embeddings": 128, "max_position_embeddings": 512, "sliding_window": None}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LATENT = {
    "num_key_value_heads": 4,
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 32,
    "q_lora_rank": 24,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
    "head_dim": 8,
}

DECODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Llama": ("LlamaConfig", {}),
    "Llama with scaled positions": ("LlamaConfig", {"rope_parameters": LLAMA3}),
    "Llama with biases and heads of a size of their own": (
        "LlamaConfig",
        {"attention_bias": True, "head_dim": 32, "tie_word_embeddings": True},
    ),
    "Llama with positions squeezed": (
        "LlamaConfig",
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}},
    ),
    "Llama with biases in its feed-forward parts": ("LlamaConfig", {"mlp_bias": True}),
    "Mistral": ("MistralConfig", {"sliding_window": None}),
    "Qwen2": ("Qwen2Config", {}),
    "Qwen2 with YaRN": ("Qwen2Config", {"rope_parameters": YARN}),
    "Qwen2 with YaRN and a factor of its own": (
        "Qwen2Config",
        {"rope_parameters": {**YARN, "attention_factor": 1.5}},
    ),
    "Qwen3": ("Qwen3Config", {"head_dim": 32}),
    "Mixtral": ("MixtralConfig", {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": None}),
    "Qwen2-MoE": ("Qwen2MoeConfig", {**EXPERTS, "shared_expert_intermediate_size": 48}),
    "Qwen3-MoE": ("Qwen3MoeConfig", {**EXPERTS, "head_dim": 16, "norm_topk_prob": True}),
    "SmolLM3": ("SmolLM3Config", {"num_hidden_layers": 4, "pad_token_id": 0}),
    "Gemma 2": ("Gemma2Config", {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 16}),
    "Gemma 3": (
        "Gemma3TextConfig",
        {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 16, "num_hidden_layers": 7},
    ),
    "Gemma 2 with sharper attention": ("Gemma2Config", {"head_dim": 16, "query_pre_attn_scalar": 4}),
    "Gemma 3 with sharper attention": ("Gemma3TextConfig", {"head_dim": 16, "query_pre_attn_scalar": 4}),
    "OLMo 2 whose head is its table": ("Olmo2Config", {"tie_word_embeddings": True}),
    "Phi-3": ("Phi3Config", {"pad_token_id": 0, "sliding_window": None}),
    "Phi-3 with long contexts": ("Phi3Config", {"pad_token_id": 0, "rope_parameters": LONG, **ORIGINAL}),
    "Phi-4 mini": (
        "Phi3Config",
        {"pad_token_id": 0, "rope_parameters": {**PARTLY, "partial_rotary_factor": 0.75}},
    ),
    "Granite": (
        "GraniteConfig",
        {
            "attention_multiplier": 0.2,
            "embedding_multiplier": 3.0,
            "residual_multiplier": 0.3,
            "logits_scaling": 2.0,
        },
    ),
    "OLMo": ("OlmoConfig", {}),
    "OLMo 2": ("Olmo2Config", {}),
    "OLMo 3": ("Olmo3Config", {"sliding_window": 16, "num_hidden_layers": 4}),
    "GLM-4": ("Glm4Config", {"head_dim": 16, "pad_token_id": 0, "attention_bias": True}),
    "DeepSeek V2": (
        "DeepseekV2Config",
        {**LATENT, "topk_method": "greedy", "n_group": None, "topk_group": None},
    ),
    "DeepSeek V2 Lite": (
        "DeepseekV2Config",
        {**LATENT, "topk_method": "greedy", "q_lora_rank": None, "num_hidden_layers": 27, "n_group": 1},
    ),
    "DeepSeek V3": ("DeepseekV3Config", {**LATENT, "n_group": 2, "topk_group": 1}),
    "DeepSeek V3 with YaRN": (
        "DeepseekV3Config",
        {
            **LATENT,
            "n_group": 2,
            "topk_group": 1,
            "rope_parameters": {**YARN, "mscale": 1.0, "mscale_all_dim": 1.0},
        },
    ),
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
    tolerance = GELU_TOLERANCE if "Gemma" in name else TOLERANCE
    assert difference < tolerance * np.abs(expected).max()
