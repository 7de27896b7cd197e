"""Ollama's manifests: JSON that says which blobs make up a model. Untrusted, and read only up to a bound.

As Ollama's `manifest` package has them: a manifest with layers, or a list of manifests for several runners,
whose members may be blobs themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.models.stores.walking import json_object

_DIGEST = re.compile(r"sha256[:-](?P<hex>[0-9a-fA-F]{64})")
_KIND = re.compile(r"application/vnd\.ollama\.image\.(?P<kind>[a-z]+)")
_MAX_MEMBERS = 64


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a model: its kind, such as "model" or "template", and its SHA-256."""

    kind: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is called by one name: the layers of what can be run, and the digests of all blobs it needs."""

    layers: tuple[Layer, ...]
    digests: frozenset[str]


class _Unsound(Exception):
    pass


def blob_path(store: Path, sha256: str) -> Path:
    return store / "blobs" / f"sha256-{sha256}"


def read_manifest(path: Path, store: Path) -> Manifest | None:
    """The manifest in a file of the store, or None where it cannot be understood."""
    try:
        document = json_object(path)
        digests = {_own_digest(path)} - {""}
        members = []
        for member in _members(document):
            if digest := _digest(member.get("digest")):
                digests.add(digest)
                member = json_object(blob_path(store, digest))
            members.append(_layers(member))
    except _Unsound:
        return None
    digests |= {layer.sha256 for layers in members for layer in layers}
    return Manifest(_runnable(members), frozenset(digests))


def _members(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifest itself, or those in the list that it is."""
    listed = document.get("manifests")
    if listed is None:
        return [document]
    if not isinstance(listed, list) or len(listed) > _MAX_MEMBERS:
        raise _Unsound
    return [_object(member) for member in listed]


def _layers(manifest: dict[str, Any]) -> tuple[Layer, ...]:
    """The layers, and the configuration, which is a blob as well; models in the cloud have no layers."""
    if not manifest.keys() & {"layers", "config"}:
        raise _Unsound
    listed = manifest.get("layers") or []
    if not isinstance(listed, list):
        raise _Unsound
    entries = [_object(entry) for entry in (*listed, manifest.get("config") or {})]
    return tuple(
        Layer(_kind(entry.get("mediaType")), digest)
        for entry in entries
        if (digest := _digest(entry.get("digest")))
    )


def _kind(media_type: object) -> str:
    match = _KIND.match(str(media_type))
    return match["kind"] if match else ""


def _runnable(members: list[tuple[Layer, ...]]) -> tuple[Layer, ...]:
    """The first with a file of weights, which the runners that read GGUF want."""
    return next((layers for layers in members if any(layer.kind == "model" for layer in layers)), ())


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unsound
    return value


def _digest(value: object) -> str:
    """The hex digits, or "" where there is no digest."""
    if value is None or value == "":
        return ""
    match = _DIGEST.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _Unsound
    return match["hex"].lower()


def _own_digest(path: Path) -> str:
    """Of the blob that a manifest in the newer layout is a link to."""
    match = _DIGEST.fullmatch(path.resolve().name) if path.is_symlink() else None
    return match["hex"].lower() if match else ""
