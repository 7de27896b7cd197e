"""What the configuration in a model's folder says: config.json of safetensors, EXL2 and EXL3, or that of MLC.

Other people's JSON: values of the wrong type count as not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.models.stores import StoredModel
from workbench.models.stores.model_folder import CONFIG, MLC_CONFIG, quantization_of
from workbench.models.stores.walking import json_object


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFacts:
    """The model's shape; None where it is not said."""

    architecture: str = ""
    quantization: str = ""
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    context_length: int | None = None
    embedding_length: int | None = None
    vocabulary: int | None = None
    experts: int | None = None
    experts_used: int | None = None


def folder_facts(place: StoredModel) -> FolderFacts:
    if place.kind == "mlc":
        return _of_mlc(json_object(place.path / MLC_CONFIG))
    config = json_object(place.path / CONFIG)
    return _facts(config, _text(config.get("model_type")), _quantization(config))


def _of_mlc(config: dict[str, Any]) -> FolderFacts:
    shape = config.get("model_config")
    merged = {**(shape if isinstance(shape, dict) else {}), **config}
    return _facts(merged, _text(config.get("model_type")), _text(config.get("quantization")))


def _facts(config: dict[str, Any], architecture: str, quantization: str) -> FolderFacts:
    text = config.get("text_config")
    shape = {**config, **text} if isinstance(text, dict) else config
    return FolderFacts(
        architecture=architecture,
        quantization=quantization,
        layers=_count(shape, "num_hidden_layers", "n_layer"),
        heads=_count(shape, "num_attention_heads", "n_head"),
        kv_heads=_count(shape, "num_key_value_heads"),
        context_length=_count(shape, "max_position_embeddings", "context_window_size", "n_positions"),
        embedding_length=_count(shape, "hidden_size", "n_embd"),
        vocabulary=_count(shape, "vocab_size"),
        experts=_count(shape, "num_local_experts", "num_experts", "n_routed_experts"),
        experts_used=_count(shape, "num_experts_per_tok"),
    )


def _quantization(config: dict[str, Any]) -> str:
    """Such as "EXL3 3.5 bpw" or "GPTQ 4 bit"; of unquantized weights their type, such as BF16."""
    quantized = quantization_of(config)
    method, bits = _text(quantized.get("quant_method")).upper(), quantized.get("bits")
    if method and isinstance(bits, int | float):
        return f"{method} {bits:g} {'bpw' if method.startswith('EXL') else 'bit'}"
    text = config.get("text_config")
    inner = text if isinstance(text, dict) else {}
    kinds = (part.get(key) for part in (config, inner) for key in ("dtype", "torch_dtype"))
    plain = next((kind for kind in kinds if isinstance(kind, str)), "")
    short = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
    return method or short.get(plain, plain.upper())


def _text(value: object) -> str:
    return value[:64] if isinstance(value, str) else ""


def _count(shape: dict[str, Any], *names: str) -> int | None:
    found = (shape.get(name) for name in names)
    return next((value for value in found if isinstance(value, int) and not isinstance(value, bool)), None)
