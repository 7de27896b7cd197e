"""What goes from the Hugging Face cache with a model, so that the rest of its repository stays sound.

A branch's name goes with the last file of the snapshot that it stands at, links go before blobs, and a blob
only when no other snapshot links to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.models.stores.arranging import models_below
from workbench.models.stores.stored import Removal, StoredModel
from workbench.models.stores.walking import files_in, read_text, walk


def removal_from_cache(models: Sequence[StoredModel], cache: Path) -> Removal:
    """What has to go with these, which are one model in some snapshots of one repository."""
    folder = cache / models[0].path.relative_to(cache).parts[0]
    links, staying = _links(models)
    going, kept = _blobs(folder, links)
    staying += [f"{blob.name[:12]} stays: another snapshot uses it." for blob in kept]
    emptied = [snapshot for snapshot in _snapshots(links, folder) if not _left(snapshot, set(links))]
    records = [record for snapshot in emptied for record in _records_of(snapshot, folder)]
    return Removal(
        root=cache,
        records=tuple(records),
        files=(*links, *(blob for blob in going if not blob.is_symlink())),
        shared=tuple(blob for blob in going if blob.is_symlink()),
        folders=_folders(folder, [*records, *links, *going], emptied),
        staying=tuple(staying),
        locks=tuple(cache / ".locks" / folder.name / f"{blob.name}.lock" for blob in going),
    )


def _links(models: Sequence[StoredModel]) -> tuple[list[Path], list[str]]:
    """The model's files in all its snapshots, and what is said of a projector that other models use."""
    links: list[Path] = []
    staying: list[str] = []
    for model in models:
        links += [*(file.path for file in model.files), *model.companions]
        if model.projector is None:
            continue
        others = (other for other in models_below(_snapshot(model)) if other.path != model.path)
        if any(other.projector == model.projector.path for other in others):
            staying.append(f"{model.projector.path.name} stays: another model uses it.")
        else:
            links.append(model.projector.path)
    return list(dict.fromkeys(links)), list(dict.fromkeys(staying))


def _snapshot(model: StoredModel) -> Path:
    levels = len(model.inside.split("/")) if model.inside else 0
    return (model.path, *model.path.parents)[levels]


def _blobs(folder: Path, links: list[Path]) -> tuple[list[Path], list[Path]]:
    """The blobs that the links lead to: those that nothing else needs, and those that another link needs."""
    targets = dict.fromkeys(blob for link in links if (blob := _blob(folder, link)))
    gone = set(links)
    needed = {_blob(folder, link) for link in _all_links(folder) if link not in gone}
    return [blob for blob in targets if blob not in needed], [blob for blob in targets if blob in needed]


def _blob(folder: Path, link: Path) -> Path | None:
    """The blob of the repository that a link leads to in one step; None where it leads elsewhere."""
    try:
        above, name = os.path.split(os.path.join(link.parent, os.readlink(link)))
    except OSError:
        return None
    blobs = folder / "blobs"
    return blobs / name if os.path.realpath(above) == os.path.realpath(blobs) else None


def _all_links(folder: Path) -> Iterator[Path]:
    """Every name in every snapshot, also hidden ones and links that lead nowhere."""
    for above, _, names in os.walk(folder / "snapshots"):
        yield from (Path(above) / name for name in names)


def _snapshots(links: list[Path], folder: Path) -> list[Path]:
    root = folder / "snapshots"
    return list(dict.fromkeys(root / link.relative_to(root).parts[0] for link in links))


def _left(snapshot: Path, gone: set[Path]) -> bool:
    """Whether any name in the snapshot is to stay."""
    return any(Path(above) / name not in gone for above, _, names in os.walk(snapshot) for name in names)


def _records_of(snapshot: Path, folder: Path) -> Iterator[Path]:
    """What the cache has written down about a snapshot: branches, its listing, and files it does not have."""
    for listing in walk(folder / "refs"):
        for name in listing.names:
            if read_text(listing.path / name, 256).strip() == snapshot.name:
                yield listing.path / name
    yield from (path for path in files_in(folder / "trees") if path.stem == snapshot.name)
    for listing in walk(folder / ".no_exist" / snapshot.name):
        yield from (listing.path / name for name in listing.names)


def _folders(folder: Path, files: list[Path], emptied: list[Path]) -> tuple[Path, ...]:
    """The folders that may be empty afterwards, innermost first; a cache without any snapshots is unsound."""
    inside = {above for file in files for above in file.parents if above.is_relative_to(folder)}
    inside |= {folder / ".no_exist" / snapshot.name for snapshot in emptied} | {folder / ".no_exist"}
    if not _all_emptied(folder, emptied):
        inside -= {folder, *(folder / name for name in ("snapshots", "blobs", "refs"))}
    return tuple(sorted(inside, key=lambda path: (-len(path.parts), path)))


def _all_emptied(folder: Path, emptied: list[Path]) -> bool:
    try:
        return {path.name for path in (folder / "snapshots").iterdir()} <= {path.name for path in emptied}
    except OSError:
        return False
