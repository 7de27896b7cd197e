"""The Hugging Face cache, which huggingface_hub, transformers, newer llama.cpp and the workbench share.

    models--org--name/blobs/<etag>                    the bytes, called by their published hash
    models--org--name/snapshots/<commit>/<path>       a link to them
    models--org--name/refs/<branch>                   the commit that a branch stood at
    .locks/models--org--name/<etag>.lock              held by whoever writes the blob
    blobs/<2 digits>/<Xet hash>                       bytes that several repositories share

A blob may itself be a link into the shared folder, whose names are no SHA-256: the first link of a snapshot's
file tells the hash, its final target does not. huggingface_hub itself is not needed to read any of this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from workbench.models.hub.file_path import is_plain_path
from workbench.models.stores.arranging import Arranged, models_below
from workbench.models.stores.hugging_face_removal import removal_from_cache
from workbench.models.stores.stored import Removal, StoredFile, StoredModel, UnfinishedDownload
from workbench.models.stores.unfinished import ENDING, content_of, unfinished_download
from workbench.models.stores.walking import files_in, folders_in, read_text, walk

_PREFIX = "models--"
_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
_PARTIAL = f".workbench{ENDING}"


def cache_folder() -> Path:
    """Where huggingface_hub keeps models, by the same variables and in the same order."""
    for name, inside in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if value := os.environ.get(name):
            return Path(os.path.expandvars(value)).expanduser().absolute() / inside
    above = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expandvars(above)).expanduser().absolute() / "huggingface" / "hub"


class HuggingFace:
    """Files answer to org/name/path, and those of another revision to org/name@revision/path."""

    slug: ClassVar[str] = "hugging-face"
    title: ClassVar[str] = "Hugging Face"

    def models(self) -> Iterator[StoredModel]:
        yield from models_in_cache(self.slug, cache_folder())

    def unfinished(self) -> Iterator[UnfinishedDownload]:
        for folder in _repositories(cache_folder()):
            for path in files_in(folder / "blobs"):
                if path.name.endswith(_PARTIAL):
                    name = f"{_repository(folder)}/{_file_of(path)}"
                    yield unfinished_download(self.slug, name, path)

    def removal(self, models: Sequence[StoredModel]) -> Removal:
        return removal_from_cache(models, cache_folder())


def models_in_cache(store: str, cache: Path) -> Iterator[StoredModel]:
    """The models in every snapshot; where two snapshots differ, the main one's files have the plain names."""
    for folder in _repositories(cache):
        taken: dict[str, tuple[Path, ...]] = {}
        for snapshot, revisions in _snapshots(folder):
            for found in models_below(snapshot):
                model = _stored(store, folder, found, revisions)
                targets = tuple(Path(os.path.realpath(file.path)) for file in model.files)
                if taken.setdefault(model.name, targets) != targets:
                    model = _renamed(model)
                yield model


def published_file(path: Path) -> StoredFile:
    """A snapshot's file with the hash that its blob is called by."""
    try:
        name = os.path.basename(os.readlink(path))
    except OSError:
        return StoredFile(path)
    return StoredFile(path, name if _DIGEST.fullmatch(name) else "")


def _file_of(partial: Path) -> str:
    """The path in the repository, where the journal has it after the hash; else the hash's first digits."""
    etag = partial.name.removesuffix(_PARTIAL)
    inside = content_of(partial).removeprefix(f"{etag} ")
    return inside if inside != etag and is_plain_path(inside) else etag[:12]


def _stored(store: str, folder: Path, found: Arranged, revisions: tuple[str, ...]) -> StoredModel:
    repository = _repository(folder)
    return StoredModel(
        store=store,
        name=f"{repository}/{found.name}" if found.name else repository,
        path=found.path,
        kind=found.kind,
        files=tuple(map(published_file, found.files)),
        missing=found.missing,
        projector=published_file(found.projector) if found.projector else None,
        companions=found.companions,
        repository=repository,
        inside=found.name,
        revisions=revisions,
    )


def _renamed(model: StoredModel) -> StoredModel:
    """Called with its branch, or with its commit where no branch stands at it."""
    revision = model.revisions[1] if len(model.revisions) > 1 else model.revisions[0][:8]
    inside = f"/{model.inside}" if model.inside else ""
    return replace(model, name=f"{model.repository}@{revision}{inside}")


def _repositories(cache: Path) -> list[Path]:
    return [folder for folder in folders_in(cache) if folder.name.startswith(_PREFIX)]


def _repository(folder: Path) -> str:
    return folder.name.removeprefix(_PREFIX).replace("--", "/", 1)


def _snapshots(folder: Path) -> list[tuple[Path, tuple[str, ...]]]:
    """Each snapshot with its commit and branches: main's first, then other branches', then the newest."""
    branches = _branches(folder / "refs")
    snapshots = folders_in(folder / "snapshots")
    found = [(snapshot, (snapshot.name, *branches.get(snapshot.name, ()))) for snapshot in snapshots]
    return sorted(found, key=lambda each: ("main" not in each[1], len(each[1]) == 1, -_age(each[0])))


def _branches(refs: Path) -> dict[str, list[str]]:
    branches: dict[str, list[str]] = {}
    for listing in walk(refs):
        for name in listing.names:
            commit = read_text(listing.path / name, 256).strip()
            branches.setdefault(commit, []).append("/".join((*listing.parts, name)))
    return branches


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
