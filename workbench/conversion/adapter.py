"""LoRA adapters as PEFT saves them: which matrices they change, and by what.

    adapter_config.json          rank and alpha, and how they make the strength
    adapter_model.safetensors    for each matrix W two small ones: W + strength * B A

Of the kinds of adapters only plain LoRA is known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.conversion.checkpoint import Checkpoint
from workbench.conversion.json_file import Entries, read_object
from workbench.conversion.safetensors_file import stored_tensors
from workbench.conversion.sources import Source, Transposed
from workbench.errors import InvalidModel, Unsupported

CONFIG, _WEIGHTS, _PICKLE = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
_PART = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_(embedding_)?([AB])(?:\.default)?(?:\.weight)?")
_LEFT_OUT = {"use_dora": "DoRA", "fan_in_fan_out": "matrices that are the other way round"}
_PLAIN = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class Change:
    """Of the matrix `name`, by `strength` times `left` (rows, rank) times `right` (rank, columns)."""

    name: str
    left: Source
    right: Source
    strength: float
    is_table: bool
    """Whether the matrix is a table of embeddings."""

    @property
    def rank(self) -> int:
        return self.right.shape[0]


@dataclass(frozen=True, slots=True)
class Adapter:
    config: Entries
    files: tuple[Path, ...]
    changes: tuple[Change, ...]
    commonest_type: str

    @property
    def alpha(self) -> float:
        return self.config.number("lora_alpha")


def read_adapter(folder: Path) -> Adapter:
    """Raises InvalidModel where it is broken, Unsupported where it is more than plain LoRA."""
    config = read_object(folder / CONFIG)
    _check_kind(config)
    if not (folder / _WEIGHTS).is_file():
        pickle = f": {_PICKLE} is a pickle, which can run any program" if (folder / _PICKLE).is_file() else ""
        raise InvalidModel(f"{folder} has no {_WEIGHTS}{pickle}.", "Save the adapter as safetensors.")
    weights = Checkpoint(stored_tensors(folder / _WEIGHTS), Entries(CONFIG, {}))
    changes = tuple(_changes(weights, config))
    if not changes:
        raise InvalidModel(f"{_WEIGHTS} changes nothing.", "Fetch the adapter again.")
    return Adapter(config, tuple(weights.files()), changes, weights.commonest_type())


def _check_kind(config: Entries) -> None:
    kind = config.text("peft_type", "LORA")
    if kind.upper() != "LORA":
        raise Unsupported(f"Adapters of the kind {kind} are not known; LoRA is.")
    for key, what in _LEFT_OUT.items():
        if config.values.get(key):
            raise Unsupported(f"Adapters with {what} ({key}) are not known.")
    if config.text("bias", "none") != "none":
        raise Unsupported("Adapters that change biases are not known.")


def _changes(weights: Checkpoint, config: Entries) -> Iterator[Change]:
    parts: dict[str, dict[str, str]] = {}
    tables = set()
    for stored in weights.names():
        found = _PART.fullmatch(stored)
        if found is None:
            raise Unsupported(f"{stored} of the adapter is no LoRA, but a whole tensor.", "Merge it by PEFT.")
        name = f"{found[1]}.weight"
        parts.setdefault(name, {})[found[3]] = stored
        tables |= {name} if found[2] else set()
    for name, pair in sorted(parts.items()):
        if pair.keys() != {"A", "B"}:
            raise InvalidModel(f"The adapter has one half only of what changes {name}.", "Fetch it again.")
        right, left = weights.source(pair["A"]), weights.source(pair["B"])
        if len(left.shape) != 2 or len(right.shape) != 2 or left.shape[1] != right.shape[0]:
            raise InvalidModel(f"The halves of what changes {name} do not fit each other.", "Fetch it again.")
        strength = _strength(config, name, right.shape[0])
        if name in tables:
            left, right = Transposed(right), Transposed(left)
        yield Change(name, left, right, strength, name in tables)


def _strength(config: Entries, name: str, rank: int) -> float:
    module, alpha = name.removesuffix(".weight"), config.number("lora_alpha")
    own = config.object("alpha_pattern")
    for key in own.values:
        if not _PLAIN.fullmatch(key):
            raise Unsupported(f"alpha_pattern with the pattern {key!r} is not known.")
        if f".{module}".endswith(f".{key}"):
            alpha = own.number(key)
    return alpha / math.sqrt(rank) if config.flag("use_rslora") else alpha / rank
