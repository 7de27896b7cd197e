"""What the configuration in a model's folder says: config.json of safetensors, EXL2 and EXL3, or that of MLC.

Other people's JSON: values of the wrong type count as not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.models.stores import StoredModel
from workbench.models.stores.model_folder import CONFIG, MLC_CONFIG, quantization_of
from workbench.models.stores.walking import json_object

GPTQ_CONFIG = "quantize_config.json"
"""Where AutoGPTQ wrote what is in config.json since."""
_NOT_SHORT = ("bitsandbytes", "compressed-tensors", "modelopt")


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
    return _facts(config, _text(config.get("model_type")), _quantization(place, config))


def quantization_method(place: StoredModel) -> str:
    """The library's name for how the weights were quantized, in small letters; "" where they were not."""
    return _method(place, json_object(place.path / CONFIG))[0]


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


def _method(place: StoredModel, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """How the weights were quantized, and all that is said of it."""
    said = quantization_of(config)
    if not said and (said := json_object(place.path / GPTQ_CONFIG)):
        return _text(said.get("quant_method")).lower() or "gptq", said
    return _text(said.get("quant_method")).lower(), said


def _quantization(place: StoredModel, config: dict[str, Any]) -> str:
    """Such as "EXL3 3.5 bpw" or "bitsandbytes nf4 4 bit"; of unquantized weights their type, such as BF16."""
    if place.kind == "onnx":
        return ""
    method, said = _method(place, config)
    bits, kind = _bits(method, said)
    if method:
        name = method if method in _NOT_SHORT else method.upper()
        size = f"{bits:g} {'bpw' if method.startswith('exl') else 'bit'}" if bits else ""
        return " ".join(filter(None, (name, kind, size)))
    text = config.get("text_config")
    inner = text if isinstance(text, dict) else {}
    kinds = (part.get(key) for part in (config, inner) for key in ("dtype", "torch_dtype"))
    plain = next((kind for kind in kinds if isinstance(kind, str)), "")
    short = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
    return short.get(plain, plain.upper())


def _bits(method: str, said: dict[str, Any]) -> tuple[float, str]:
    """How many a weight takes, 0 where that is not said, and the kind of number where that is."""
    if method == "bitsandbytes":
        four = bool(said.get("load_in_4bit") or said.get("_load_in_4bit"))
        return (4, _text(said.get("bnb_4bit_quant_type"))) if four else (8, "")
    groups = said.get("config_groups")
    for group in groups.values() if isinstance(groups, dict) else ():
        weights = group.get("weights") if isinstance(group, dict) else None
        if isinstance(weights, dict) and isinstance(weights.get("num_bits"), int | float):
            return weights["num_bits"], _text(weights.get("type"))
    bits = said.get("bits", said.get("w_bit"))
    return (bits, "") if isinstance(bits, int | float) else (0, "")


def _text(value: object) -> str:
    return value[:64] if isinstance(value, str) else ""


def _count(shape: dict[str, Any], *names: str) -> int | None:
    found = (shape.get(name) for name in names)
    return next((value for value in found if isinstance(value, int) and not isinstance(value, bool)), None)
