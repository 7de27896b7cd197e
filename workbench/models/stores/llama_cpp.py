"""llama.cpp's own cache, as versions before 2026 kept it; newer ones use the Hugging Face cache.

    <org>_<repo>_<file>                     a model, with .etag (older: .json) beside it
    manifest=<org>=<repo>=<tag>.json        which file a name meant, with its SHA-256

The folder is LLAMA_CACHE where that is set. Newer versions then keep a Hugging Face cache in it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from workbench.models.stores.hugging_face import models_in_cache
from workbench.models.stores.hugging_face_removal import removal_from_cache
from workbench.models.stores.plain_files import plain_removal, stored_models
from workbench.models.stores.stored import Removal, StoredFile, StoredModel, UnfinishedDownload
from workbench.models.stores.walking import files_in, json_object

_MANIFEST = re.compile(r"manifest=(?P<owner>[^=]+)=(?P<name>[^=]+)=(?P<tag>[^=]*)\.json")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HUB_FOLDER = "models--"


def llama_cpp_folder() -> Path:
    if chosen := os.environ.get("LLAMA_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "llama.cpp"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "llama.cpp"


class LlamaCpp:
    """Files answer to org/repo/file where a manifest tells, else to their name."""

    slug: ClassVar[str] = "llama.cpp"
    title: ClassVar[str] = "llama.cpp"

    def models(self) -> Iterator[StoredModel]:
        folder = llama_cpp_folder()
        known = dict(_told(folder))
        for model in stored_models(self.slug, folder):
            if not model.name.startswith(_HUB_FOLDER):
                yield _with_manifest(model, known)
        yield from models_in_cache(self.slug, folder)

    def unfinished(self) -> Iterator[UnfinishedDownload]:
        yield from ()

    def removal(self, models: Sequence[StoredModel]) -> Removal:
        folder, model = llama_cpp_folder(), models[0]
        if model.path.relative_to(folder).parts[0].startswith(_HUB_FOLDER):
            return removal_from_cache(models, folder)
        removal = plain_removal(model, folder, self.models())
        notes = [Path(f"{file}{ending}") for file in removal.files for ending in (".etag", ".json")]
        notes += [told.manifest for name, told in _told(folder) if name == model.path.name]
        return replace(removal, records=tuple(note for note in notes if note.is_file()))


class _Told:
    """What a manifest says of a file."""

    def __init__(self, manifest: Path, repository: str, inside: str, sha256: str) -> None:
        self.manifest, self.repository, self.inside, self.sha256 = manifest, repository, inside, sha256


def _told(folder: Path) -> Iterator[tuple[str, _Told]]:
    """Names of files in the cache, and what its manifests say of them."""
    for path in files_in(folder):
        if match := _MANIFEST.fullmatch(path.name):
            repository = f"{match['owner']}/{match['name']}"
            document = json_object(path)
            for role in ("ggufFile", "mmprojFile"):
                inside, sha256 = _file(document.get(role))
                if inside:
                    name = f"{repository}/{inside}".replace("/", "_")
                    yield name, _Told(path, repository, inside, sha256)


def _file(entry: Any) -> tuple[str, str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("rfilename"), str):
        return "", ""
    lfs = entry.get("lfs")
    sha256 = str(lfs.get("sha256", "")) if isinstance(lfs, dict) else ""
    return entry["rfilename"], sha256 if _SHA256.fullmatch(sha256) else ""


def _with_manifest(model: StoredModel, known: dict[str, _Told]) -> StoredModel:
    told = known.get(model.path.name)
    if told is None:
        return model
    files = tuple(StoredFile(file.path, _sha256(file.path, known)) for file in model.files)
    return replace(
        model,
        name=f"{told.repository}/{told.inside}",
        also=(model.name,),
        files=files,
        repository=told.repository,
        inside=told.inside,
        projector=_projector(told, known, model.path.parent),
    )


def _sha256(path: Path, known: dict[str, _Told]) -> str:
    return known[path.name].sha256 if path.name in known else ""


def _projector(model: _Told, known: dict[str, _Told], folder: Path) -> StoredFile | None:
    for name, told in known.items():
        if told.manifest == model.manifest and told is not model and (folder / name).is_file():
            return StoredFile(folder / name, told.sha256)
    return None
