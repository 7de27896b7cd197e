"""What the files of an EXL2 or EXL3 folder say of the model, read without an engine. Trusts none of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.errors import InvalidModel, ModelNotFound
from workbench_exllama.model_folder import check_architecture, json_object

Format = Literal["exl2", "exl3"]
_FORMATS: dict[str, Format] = {"exl2": "exl2", "exl3": "exl3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExllamaModel:
    """A model in a folder; sizes are 0 where its configuration does not say.

    Attributes:
        bits: Per weight, on average.
        weights_bytes: Of all files with tensors; embedding_bytes of them are the input embedding's.
        end_tokens: Those that end an answer.
    """

    folder: Path
    format: Format
    bits: float
    architecture: str
    trained_context: int
    vocabulary_size: int
    weights_bytes: int
    embedding_bytes: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    intermediate: int
    end_tokens: frozenset[int]

    @property
    def quantization(self) -> str:
        return f"{self.format.upper()} {self.bits:g} bpw" if self.bits else self.format.upper()


def format_of(folder: Path) -> Format | None:
    """What kind of folder it is, or None where it is neither."""
    try:
        told = json_object(folder / "config.json").get("quantization_config")
    except (InvalidModel, ModelNotFound):
        return None
    return _FORMATS.get(str(told.get("quant_method"))) if isinstance(told, dict) else None


def read_folder(folder: Path) -> ExllamaModel:
    """Raises ModelNotFound and InvalidModel."""
    config = json_object(folder / "config.json")
    kind = format_of(folder)
    if kind is None:
        raise InvalidModel(
            f"{folder} is no EXL2 or EXL3 model.", "`workbench quantize` makes one of a model in 16 bits."
        )
    if kind == "exl2":
        check_architecture(config)
    shape = _Numbers(config)
    heads, hidden = shape.first("num_attention_heads", "n_head"), shape.first("hidden_size", "n_embd")
    vocabulary = shape.first("vocab_size")
    if not vocabulary:
        raise InvalidModel(f"The config.json of {folder} names no vocab_size.", "Fetch the model anew.")
    return ExllamaModel(
        folder=folder,
        format=kind,
        bits=_bits(config["quantization_config"]),
        architecture=str(config.get("model_type") or "unknown"),
        trained_context=shape.first("max_position_embeddings", "n_positions"),
        vocabulary_size=vocabulary,
        weights_bytes=_weights_bytes(folder),
        embedding_bytes=2 * vocabulary * hidden,
        layers=shape.first("num_hidden_layers", "n_layer"),
        heads=heads,
        kv_heads=shape.first("num_key_value_heads") or heads,
        head_dim=shape.first("head_dim") or (hidden // heads if heads else 0),
        hidden=hidden,
        intermediate=shape.first("intermediate_size", "n_inner") or 4 * hidden,
        end_tokens=frozenset(_ends(folder, config)),
    )


def _weights_bytes(folder: Path) -> int:
    """Raises InvalidModel where there are none, or where the index names one that is missing."""
    files = {path.name: path.stat().st_size for path in folder.glob("*.safetensors")}
    index = folder / "model.safetensors.index.json"
    named = json_object(index).get("weight_map") if index.is_file() else {}
    missing = sorted(set(map(str, named.values())) - files.keys()) if isinstance(named, dict) else []
    if missing or not files:
        name = missing[0] if missing else "file of tensors"
        raise InvalidModel(f"There is no {name} in {folder}.", "Fetch the model anew.")
    return sum(files.values())


def _bits(quantization: dict[str, Any]) -> float:
    bits = quantization.get("bits")
    return float(bits) if isinstance(bits, int | float) and 0 < bits < 64 else 0.0


def _ends(folder: Path, config: dict[str, Any]) -> Iterable[int]:
    """Both files count: one may name the end of a text, the other that of a turn."""
    generation = folder / "generation_config.json"
    for told in (config, json_object(generation) if generation.is_file() else {}):
        text = told.get("text_config")
        named = told.get("eos_token_id", text.get("eos_token_id") if isinstance(text, dict) else None)
        for token in named if isinstance(named, list) else [named]:
            if isinstance(token, int) and token >= 0:
                yield token


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Of a configuration, or of the language model within it."""

    config: dict[str, Any]

    def first(self, *names: str) -> int:
        text = self.config.get("text_config")
        places = (self.config, text) if isinstance(text, dict) else (self.config,)
        found = (place.get(name) for place in places for name in names)
        return next((value for value in found if isinstance(value, int) and value > 0), 0)
