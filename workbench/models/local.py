"""Model files on this machine and the names they answer to.

A name is `guide`, a path, a file below a model folder without its ending, or `org/repo/file.gguf` in the
Hugging Face cache. Only names are looked at here, never what is in a file.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import workbench_guide
from workbench import paths
from workbench.errors import ModelNotFound

_LATER_SHARD = re.compile(r"-(?!0*1-of-)\d+-of-\d+\.gguf$")


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model file; of a model in several shards, the first."""

    name: str
    path: Path


def locate(name: str) -> LocalModel:
    """The model of that name or path. Raises ModelNotFound and suggests the nearest names."""
    if _is_path(name):
        return LocalModel(Path(name).stem, _existing(Path(name).expanduser()))
    known = {model.name: model for model in local_models()}
    if name in known:
        return known[name]
    raise ModelNotFound(f"There is no model named {name!r}.", _suggestion(name, list(known)))


def local_models() -> list[LocalModel]:
    """`guide` first, then the model folders, then the Hugging Face cache; the first holder keeps a name."""
    found: dict[str, LocalModel] = {}
    for model in (*_bundled(), *_in_folders(), *_in_hugging_face_cache()):
        found.setdefault(model.name, model)
    return list(found.values())


def model_folders() -> list[Path]:
    """The user's own folder and those that WORKBENCH_MODELS names, separated as in PATH."""
    named = os.environ.get("WORKBENCH_MODELS", "").split(os.pathsep)
    return [paths.models_folder(), *(Path(folder).expanduser() for folder in named if folder)]


def _is_path(name: str) -> bool:
    looks_like_one = name.startswith((".", "~", os.sep)) or Path(name).is_absolute()
    return looks_like_one or Path(name).is_file()


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    if path.is_dir():
        raise ModelNotFound(f"{path} is a folder.", "Name a file in it.")
    raise ModelNotFound(f"There is no file {path}.", "`workbench models` lists the models at hand.")


def _suggestion(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    listing = "`workbench models` lists the models at hand."
    return f"Did you mean {' or '.join(near)}? {listing}" if near else listing


def _bundled() -> Iterator[LocalModel]:
    if workbench_guide.PATH.is_file():
        yield LocalModel("guide", workbench_guide.PATH)


def _in_folders() -> Iterator[LocalModel]:
    for folder in model_folders():
        for file in _models_among(folder.rglob("*.gguf")):
            yield LocalModel(file.relative_to(folder).with_suffix("").as_posix(), file)


def _in_hugging_face_cache() -> Iterator[LocalModel]:
    for repository in sorted(_hugging_face_cache().glob("models--*")):
        owner_and_name = repository.name.removeprefix("models--").replace("--", "/", 1)
        for file in _models_among(repository.glob("snapshots/*/**/*.gguf")):
            inside = file.relative_to(repository / "snapshots").parts[1:]
            yield LocalModel(f"{owner_and_name}/{'/'.join(inside)}", file)


def _hugging_face_cache() -> Path:
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return Path(home).expanduser() / "hub"


def _models_among(files: Iterator[Path]) -> list[Path]:
    """Files that can be opened by themselves: no projector, no later shard, no link to nothing."""
    return sorted(
        file
        for file in files
        if file.is_file() and "mmproj" not in file.name.lower() and not _LATER_SHARD.search(file.name)
    )
