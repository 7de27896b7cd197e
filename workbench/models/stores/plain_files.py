"""What stores of plain files have in common: their models are the files below a folder and nothing else.

Knows no program. A file fetched with a hub client's `local_dir` has its published hash in a note beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from workbench.models.stores.arranging import Arranged, model_of, models_below
from workbench.models.stores.stored import Removal, StoredFile, StoredModel
from workbench.models.stores.walking import read_text

_NOTES = Path(".cache") / "huggingface" / "download"
_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
_MAX_NOTE_BYTES = 4096


def stored_models(store: str, root: Path) -> Iterator[StoredModel]:
    """Each model below the root, called as its path from there."""
    for found in models_below(root):
        yield _stored(store, found, root)


def model_outside(path: Path) -> StoredModel:
    """The model at a path that may be in no store."""
    return replace(_stored("", model_of(path), path.parent), name=path.stem if path.is_file() else path.name)


def _stored(store: str, found: Arranged, root: Path) -> StoredModel:
    return StoredModel(
        store=store,
        name=found.name or root.name,
        path=found.path,
        kind=found.kind,
        files=tuple(noted(path, root) for path in found.files),
        missing=found.missing,
        projector=noted(found.projector, root) if found.projector else None,
        companions=found.companions,
    )


def noted(path: Path, root: Path) -> StoredFile:
    """The file with the hash that a hub client noted when it fetched it into this folder or one above."""
    for folder in path.parents:
        note = folder / _NOTES / path.relative_to(folder).with_name(f"{path.name}.metadata")
        lines = read_text(note, _MAX_NOTE_BYTES).split("\n")
        if len(lines) > 1 and _DIGEST.fullmatch(lines[1].strip()):
            return StoredFile(path, lines[1].strip())
        if folder == root:
            break
    return StoredFile(path)


def plain_removal(model: StoredModel, root: Path, models: Iterable[StoredModel]) -> Removal:
    """The model's own files; its projector stays where another one of `models` uses it."""
    files, staying = [file.path for file in (*model.files, *model.adapters)], []
    if projector := model.projector:
        if any(other.projector == projector for other in models if other.path != model.path):
            staying.append(f"{projector.path.name} stays: another model uses it.")
        else:
            files.append(projector.path)
    files += model.companions
    if model.path.is_dir() and (left := _others(model.path, files)):
        staying.append(f"{left} other {'file stays' if left == 1 else 'files stay'} in {model.path}.")
    return Removal(root=root, files=tuple(files), folders=folders_up(files, root), staying=tuple(staying))


def folders_up(files: list[Path], root: Path) -> tuple[Path, ...]:
    """The folders that hold the files, innermost first, without the root."""
    folders = {
        folder for file in files for folder in file.parents if folder != root and folder.is_relative_to(root)
    }
    return tuple(sorted(folders, key=lambda folder: (-len(folder.parts), folder)))


def _others(folder: Path, files: list[Path]) -> int:
    try:
        return len(set(os.listdir(folder)) - {path.name for path in files if path.parent == folder})
    except OSError:
        return 0
