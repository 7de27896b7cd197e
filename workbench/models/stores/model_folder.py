"""Folders that are one model: safetensors, EXL2, EXL3, MLC, ONNX and pickles, told apart by what is in them.

Reads only small JSON files and the names in one safetensors header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.models.stores.safetensors_header import tensor_names
from workbench.models.stores.stored import Kind
from workbench.models.stores.walking import json_object, listing_of

MLC_CONFIG = "mlc-chat-config.json"
CONFIG = "config.json"
_INDEX = "model.safetensors.index.json"
_MAX_INDEX_BYTES = 32 << 20
_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.safetensors")
_GRAPH = re.compile(r".+\.onnx([._]data([._]\d+)?)?")
_BESIDE = "onnx"
_PICKLE = re.compile(r"pytorch_model.*\.bin|.+\.(pt|pth|ckpt)")
_CONFIGS = frozenset({CONFIG, "params.json"})
_COMPANION = re.compile(
    r".*\.(json|jinja|model|txt|tiktoken|vocab|merges|py|yml|yaml|md)|LICEN[CS]E.*|NOTICE.*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """Names of files in the folder; `missing` ones are spoken of by the others and not there."""

    kind: Kind
    weights: tuple[str, ...]
    missing: tuple[str, ...]
    companions: tuple[str, ...]


def read_model_folder(path: Path, names: tuple[str, ...]) -> ModelFolder | None:
    """The model that the folder at `path` is, with files of these names in it; None where it is none."""
    if MLC_CONFIG in names:
        weights = tuple(name for name in names if name.startswith("params_shard_") and name.endswith(".bin"))
        return _folder("mlc", weights, _missing_of_mlc(path, names), names)
    if "model_index.json" in names:
        return None
    tensors = tuple(name for name in names if name.endswith(".safetensors"))
    if CONFIG in names and tensors:
        weights, missing = _indexed(path, names, tensors)
        return _folder(_kind(path, weights), weights, missing, names)
    if graphs := _graphs(path, names):
        return _folder("onnx", graphs, (), names)
    pickles = tuple(filter(_PICKLE.fullmatch, names)) if not _CONFIGS.isdisjoint(names) else ()
    return _folder("pickle", pickles, (), names)


def quantization_of(config: dict[str, Any]) -> dict[str, Any]:
    """What a config.json says of its quantization, at the top or for the text model, or {}."""
    for part in (config, config.get("text_config")):
        found = part.get("quantization_config") if isinstance(part, dict) else None
        if isinstance(found, dict):
            return found
    return {}


def _folder(
    kind: Kind, weights: tuple[str, ...], missing: tuple[str, ...], names: tuple[str, ...]
) -> ModelFolder | None:
    if not weights and not missing:
        return None
    return ModelFolder(kind, weights, missing, tuple(name for name in names if _COMPANION.fullmatch(name)))


def _graphs(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """ONNX's files, which may lie in a folder of that name beside the configuration."""
    if CONFIG in names and not any(map(_GRAPH.fullmatch, names)):
        names = tuple(f"{_BESIDE}/{name}" for name in listing_of(path / _BESIDE).names)
    elif path.name == _BESIDE and (path.parent / CONFIG).is_file():
        return ()  # its parent is the model
    held = tuple(filter(_GRAPH.fullmatch, names))
    return held if any(name.endswith(".onnx") for name in held) else ()


def _kind(path: Path, weights: tuple[str, ...]) -> Kind:
    method = str(quantization_of(json_object(path / CONFIG)).get("quant_method", "")).lower()
    if method == "exl2":
        return "exl2"
    if method == "exl3":
        return "exl3"
    return _kind_by_tensors(path / weights[0]) if weights and not method else "safetensors"


def _kind_by_tensors(file: Path) -> Kind:
    """Early conversions did not write down what they are; their tensors tell."""
    for name in tensor_names(file):
        if name.endswith(".trellis"):
            return "exl3"
        if name.endswith(".q_invperm"):
            return "exl2"
    return "safetensors"


def _indexed(
    path: Path, names: tuple[str, ...], tensors: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files with weights and those missing, by the index where there is one, else by their numbers."""
    if _INDEX in names:
        index = json_object(path / _INDEX, _MAX_INDEX_BYTES).get("weight_map")
        listed = sorted({str(name) for name in index.values()}) if isinstance(index, dict) else []
        if listed:
            known = set(names)
            missing = tuple(name for name in listed if name not in known)
            return tuple(name for name in listed if name in known), missing
    plain = tuple(name for name in tensors if not name.startswith("consolidated")) or tensors
    return plain, tuple(_missing_numbers(plain))


def _missing_numbers(names: tuple[str, ...]) -> list[str]:
    counts = {match[1]: match[3] for match in map(_SHARD.fullmatch, names) if match and int(match[3]) <= 9999}
    expected = (
        f"{base}-{number:05}-of-{count}.safetensors"
        for base, count in counts.items()
        for number in range(1, int(count) + 1)
    )
    return [name for name in expected if name not in names]


def _missing_of_mlc(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    for cache in ("tensor-cache.json", "ndarray-cache.json"):
        records = json_object(path / cache, _MAX_INDEX_BYTES).get("records")
        if isinstance(records, list):
            listed = {str(record.get("dataPath", "")) for record in records if isinstance(record, dict)}
            return tuple(sorted(listed - set(names) - {""}))
    return ()
