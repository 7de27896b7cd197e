"""Models that are a folder of files: safetensors and what is made of them, and MLC's parameter shards.

A folder with a configuration and weights is one model. Pickles and code are never part of it, because opening
them can run whatever their author wished.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.models.hub.repository import HubFile, Repository

_CONFIGURATIONS = {"config.json": "safetensors", "mlc-chat-config.json": "mlc"}
_WEIGHTS = re.compile(r".+\.safetensors|params_shard_[0-9]+\.bin")
_COMPANIONS = re.compile(r".+\.(?:json|txt|model|jinja|tiktoken)")
_SECOND_COPY = re.compile(r"consolidated.*\.safetensors")


@dataclass(frozen=True, slots=True)
class WeightFolder:
    """The files of one model, those of the folder `path` ("" at the root) and no deeper."""

    path: str
    kind: str
    files: tuple[HubFile, ...]


def weight_folders(repository: Repository) -> list[WeightFolder]:
    by_folder: dict[str, list[HubFile]] = {}
    for file in repository.files:
        by_folder.setdefault(file.path.rpartition("/")[0], []).append(file)
    found = (_weight_folder(path, files, repository.library) for path, files in by_folder.items())
    return [folder for folder in found if folder is not None]


def _weight_folder(path: str, files: Sequence[HubFile], library: str) -> WeightFolder | None:
    names = {file.name for file in files}
    kind = next((kind for name, kind in _CONFIGURATIONS.items() if name in names), "")
    weights = [file for file in files if _WEIGHTS.fullmatch(file.name)]
    if not kind or not weights:
        return None
    once = [file for file in weights if not _SECOND_COPY.fullmatch(file.name)] or weights
    others = [file for file in files if _COMPANIONS.fullmatch(file.name)]
    named = kind if kind == "mlc" else library or kind
    return WeightFolder(path, named, tuple(sorted([*once, *others], key=lambda file: file.path)))
