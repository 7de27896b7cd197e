"""Groups GGUF files into models: the shards of one model are one, and what is no model is left out.

Judges by names alone, with llama.cpp's rules (common/download.cpp).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.gguf import shard_of
from workbench.models.hub.quant_label import Name, bits, split_name
from workbench.models.hub.repository import HubFile

_ENDING = ".gguf"
_NEVER_MODELS = re.compile(r"mmproj|imatrix", re.IGNORECASE)
_COMPANIONS = re.compile(r"mtp-|eagle3-|dflash-|dspark-|(?:^|[-._])[Dd](?:raft|RAFT)(?=[-._])")
"""Small models that speed up a large one. In a repository of nothing else they are the models."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One model's files in order.

    Attributes:
        path: The files' path without the shard's number and the ending.
        problem: Why it cannot be fetched, where it cannot.
    """

    path: str
    files: tuple[HubFile, ...]
    problem: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def label(self) -> Name:
        """By the file's name, else by the nearest folder that is named for a quant."""
        own, *folders = reversed([split_name(part) for part in self.path.split("/")])
        return Name(own.stem, next((name.quant for name in (own, *folders) if name.quant), ""))


def is_gguf(file: HubFile) -> bool:
    return file.path.lower().endswith(_ENDING)


def models_among(files: Sequence[HubFile]) -> list[Unit]:
    """The models among the files, in their order."""
    possible = [file for file in files if is_gguf(file) and not _NEVER_MODELS.search(file.name)]
    models = [file for file in possible if not _COMPANIONS.search(file.name)]
    return units(models or possible)


def units(files: Sequence[HubFile]) -> list[Unit]:
    found: dict[tuple[str, int], dict[int, HubFile]] = {}
    for file in files:
        path, index, count = _place(file.path)
        found.setdefault((path, count), {})[index] = file
    return [_unit(path, count, shards) for (path, count), shards in found.items()]


def projector_for(model: Unit, files: Sequence[HubFile]) -> HubFile | None:
    """The mmproj in the model's folder or the nearest above it, of these the one closest in bits."""
    folders = model.path.split("/")[:-1]
    fitting = [
        file
        for file in files
        if is_gguf(file) and "mmproj" in file.path.lower() and _is_above(_folders(file), folders)
    ]
    wanted = bits(model.label.quant)

    def distance(file: HubFile) -> tuple[int, int]:
        return -len(_folders(file)), abs(bits(split_name(_stem(file.name)).quant) - wanted)

    return min(fitting, key=distance, default=None)


def _place(path: str) -> tuple[str, int, int]:
    """The path without number and ending, which shard this is and of how many."""
    shard = shard_of(path)
    return (shard.stem, shard.number, shard.count) if shard else (_stem(path), 1, 1)


def _unit(path: str, count: int, shards: dict[int, HubFile]) -> Unit:
    files = tuple(shards[index] for index in sorted(shards))
    missing = count - len(shards)
    return Unit(path, files, f"only {len(shards)} of {count} shards are there" if missing else "")


def _is_above(folders: list[str], below: list[str]) -> bool:
    return below[: len(folders)] == folders


def _folders(file: HubFile) -> list[str]:
    return file.path.split("/")[:-1]


def _stem(path: str) -> str:
    return path[: -len(_ENDING)] if path.lower().endswith(_ENDING) else path
