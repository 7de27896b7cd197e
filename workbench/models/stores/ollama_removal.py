"""What goes from Ollama's store with a model: its manifests, and the blobs that no other manifest needs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from workbench.models.stores.ollama_manifest import blob_path, read_manifest
from workbench.models.stores.plain_files import folders_up
from workbench.models.stores.stored import Removal


def removal_from_ollama(manifests: list[Path], store: Path, layouts: Iterable[str]) -> Removal:
    """What has to go with these manifests. All blobs stay where it is not clear who needs them."""
    tops = [store / layout for layout in layouts]
    needed, unclear = _needed_by_others(set(manifests), tops, store)
    blobs = [blob_path(store, digest) for path in manifests for digest in _digests(path, store) or ()]
    blobs = [blob for blob in dict.fromkeys(blobs) if blob.is_file()]
    if unclear:
        staying = [f"All blobs stay: {unclear} cannot be read, so it is not known which of them it needs."]
        going = []
    else:
        staying = [f"{blob.name[:19]} stays: another model needs it." for blob in blobs if blob in needed]
        going = [blob for blob in blobs if blob not in needed]
    folders = tuple(folder for folder in folders_up(manifests, store) if folder not in tops)
    return Removal(
        root=store, records=tuple(manifests), files=tuple(going), folders=folders, staying=tuple(staying)
    )


def _needed_by_others(going: set[Path], tops: list[Path], store: Path) -> tuple[set[Path], Path | None]:
    """The blobs that all other manifests need, and one that cannot be understood; hidden ones count, too."""
    needed: set[Path] = set()
    unreadable: list[OSError] = []
    for top in tops:
        for above, _, names in os.walk(top, onerror=unreadable.append):
            for path in {Path(above) / name for name in names} - going:
                digests = _digests(path, store)
                if digests is None:
                    return set(), path
                needed |= {blob_path(store, digest) for digest in digests}
    denied = [error.filename for error in unreadable if not isinstance(error, FileNotFoundError)]
    return needed, Path(denied[0]) if denied else None


def _digests(path: Path, store: Path) -> frozenset[str] | None:
    manifest = read_manifest(path, store)
    return manifest.digests if manifest else None
