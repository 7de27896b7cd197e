"""Ollama's models: manifests give names to blobs, and several names may share a blob.

    manifests/<host>/<namespace>/<model>/<tag>    JSON; in newer versions manifests-v2 has links to such blobs
    blobs/sha256-<64 hex digits>                  weights, templates, parameters, licences

The folder is OLLAMA_MODELS where that is set, as for Ollama, else the user's and the system service's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from workbench.models.stores.ollama_manifest import Layer, Manifest, blob_path, read_manifest
from workbench.models.stores.ollama_removal import removal_from_ollama
from workbench.models.stores.stored import Removal, StoredFile, StoredModel, UnfinishedDownload
from workbench.models.stores.walking import walk

LAYOUTS = ("manifests-v2", "manifests")
_OF_THE_SERVICE = ("/usr/share/ollama/.ollama/models", "/var/lib/ollama/models", "/var/lib/ollama")
_USUAL_HOSTS = ("registry.ollama.ai", "ollama.com")
_HUB_HOSTS = ("hf.co", "huggingface.co")
_USUAL_NAMESPACE, _USUAL_TAG = "library", "latest"
_TEXTS = {"template": "template", "license": "licence", "params": "parameters", "system": "system"}

Name = tuple[str, str, str, str]
"""Host, namespace, model and tag."""


def ollama_folders() -> list[Path]:
    if chosen := os.environ.get("OLLAMA_MODELS", "").strip().strip("\"'"):
        return [Path(chosen).expanduser().absolute()]
    return [Path.home() / ".ollama" / "models", *map(Path, _OF_THE_SERVICE)]


class Ollama:
    """Models answer to what `ollama list` calls them, such as llama3.2:3b or hf.co/org/repo:Q4_K_M."""

    slug: ClassVar[str] = "ollama"
    title: ClassVar[str] = "Ollama"

    def models(self) -> Iterator[StoredModel]:
        for store in ollama_folders():
            named: set[Name] = set()
            for name, path in _manifests(store):
                manifest = read_manifest(path, store)
                if name not in named and manifest and (model := _stored(self.slug, store, name, manifest)):
                    named.add(name)
                    yield model

    def unfinished(self) -> Iterator[UnfinishedDownload]:
        yield from ()

    def removal(self, models: Sequence[StoredModel]) -> Removal:
        store = next(folder for folder in ollama_folders() if models[0].path.is_relative_to(folder))
        manifests = [path for name, path in _manifests(store) if models[0].name in names_of(name)]
        return removal_from_ollama(manifests, store, LAYOUTS)


def names_of(name: Name) -> list[str]:
    """What a model may be called, the usual form first: what goes without saying is left out."""
    host, namespace, model, tag = name
    full, short = f"{host}/{namespace}/{model}", f"{namespace}/{model}"
    usual = full if host not in _USUAL_HOSTS else model if namespace == _USUAL_NAMESPACE else short
    names = [f"{usual}:{tag}", f"{short}:{tag}", f"{full}:{tag}"]
    if tag == _USUAL_TAG:
        names += [usual, full]
    return list(dict.fromkeys(names))


def _stored(slug: str, store: Path, name: Name, manifest: Manifest) -> StoredModel | None:
    """None for what has no file of weights: a model in the cloud, or one in single tensors."""
    weights = _files(store, manifest, "model")
    if not weights:
        return None
    usual, *also = names_of(name)
    return StoredModel(
        store=slug,
        name=usual,
        path=weights[0].path,
        files=tuple(file for file in weights if file.path.is_file()),
        missing=tuple(file.path.name for file in weights if not file.path.is_file()),
        projector=next((file for file in _files(store, manifest, "projector") if file.path.is_file()), None),
        adapters=tuple(file for file in _files(store, manifest, "adapter") if file.path.is_file()),
        texts=tuple(_texts(store, manifest.layers)),
        also=tuple(also),
        repository=f"{name[1]}/{name[2]}" if name[0] in _HUB_HOSTS else "",
        inside=name[3],
    )


def _manifests(store: Path) -> Iterator[tuple[Name, Path]]:
    """Each manifest's name and file; the newer layout comes first."""
    for layout in LAYOUTS:
        for listing in walk(store / layout):
            if len(listing.parts) == 3:
                host, namespace, model = listing.parts
                yield from (((host, namespace, model, tag), listing.path / tag) for tag in listing.names)


def _files(store: Path, manifest: Manifest, kind: str) -> list[StoredFile]:
    digests = dict.fromkeys(layer.sha256 for layer in manifest.layers if layer.kind == kind)
    return [StoredFile(blob_path(store, digest), digest) for digest in digests]


def _texts(store: Path, layers: tuple[Layer, ...]) -> Iterator[tuple[str, Path]]:
    for layer in layers:
        if layer.kind in _TEXTS and (path := blob_path(store, layer.sha256)).is_file():
            yield _TEXTS[layer.kind], path
