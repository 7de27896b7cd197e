"""Remove a model from a store: what goes, what that frees, and who else has the model.

The stores say what has to go; this module does it, and touches nothing outside of them.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InvalidRequest, WorkbenchError
from workbench.models.block_sharing import bytes_in_shared_blocks, bytes_on_disk
from workbench.models.checksums import forget_checksums
from workbench.models.local import LocalModel, local_models, unfinished_downloads
from workbench.models.locating import exact_matches, is_path, match_at, matches
from workbench.models.stores import Removal, StoredModel, UnfinishedDownload, store_of
from workbench.models.stores.hugging_face_shared import removed_by_client, shared_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalPlan:
    """What would happen.

    Attributes:
        name: The model; `stores` are the titles of those it goes from.
        freed_bytes: What the disk gets back.
        notes: Sentences about what stays and who else has the model.
    """

    name: str
    stores: tuple[str, ...]
    removals: tuple[Removal, ...]
    freed_bytes: int
    notes: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything that goes."""
        return tuple(path for removal in self.removals for path in removal.paths)


def plan_removal(name: str, *, everywhere: bool = False) -> RemovalPlan:
    """What removing the model of that name or path would do.

    Raises ModelNotFound; InvalidRequest where several models or a file outside all stores are meant; and
    Unsupported for `guide`.
    """
    models = local_models()
    if not exact_matches(name, models):
        for download in unfinished_downloads():
            if name in (download.name, str(download.path)):
                return _plan(download.name, [_unfinished(download)], (store_of(download.store).title,), ())
    model, places = _meant(name, models)
    if everywhere:
        places = list(model.places)
    removals = [_removal(each) for each in _by_name(places)]
    titles = tuple(dict.fromkeys(store_of(place.store).title for place in places))
    return _plan(places[0].name, removals, titles, _elsewhere(model, places))


def remove(plan: RemovalPlan) -> None:
    """Do it. Raises WorkbenchError before anything is gone where something may not be removed."""
    for removal in plan.removals:
        _check(removal)
    forget_checksums(list(plan.files))
    for removal in plan.removals:
        for path in (*removal.records, *removal.files):
            _unlink(path)
        removed_by_client(removal.shared, removal.root)
        for folder in removal.folders:
            with suppress(OSError):
                folder.rmdir()


def _meant(name: str, models: list[LocalModel]) -> tuple[LocalModel, list[StoredModel]]:
    """The model, and the places of it that have that one name in one store."""
    if is_path(name):
        return _at(Path(name).expanduser().absolute(), models)
    meant = matches(name, models)
    if len(names := {match.model.name for match in meant}) > 1:
        raise InvalidRequest(f"{name!r} is not one model here.", f"Choose one: {', '.join(sorted(names))}.")
    model, place = meant[0].model, meant[0].place
    return model, [each for each in model.places if (each.store, each.name) == (place.store, place.name)]


def _at(path: Path, models: list[LocalModel]) -> tuple[LocalModel, list[StoredModel]]:
    if match := match_at(path, models):
        return match.model, [match.place]
    raise InvalidRequest(
        f"{path} is not in a folder that the workbench knows to hold models.", "Delete it yourself."
    )


def _by_name(places: Iterable[StoredModel]) -> list[list[StoredModel]]:
    groups: dict[tuple[str, str], list[StoredModel]] = {}
    for place in places:
        groups.setdefault((place.store, place.name), []).append(place)
    return list(groups.values())


def _removal(places: list[StoredModel]) -> Removal:
    return store_of(places[0].store).removal(places)


def _unfinished(download: UnfinishedDownload) -> Removal:
    return Removal(root=download.path.parent, files=download.files)


def _plan(
    name: str, removals: list[Removal], titles: tuple[str, ...], elsewhere: tuple[str, ...]
) -> RemovalPlan:
    freed, linked, cloned = _freed([path for removal in removals for path in removal.files])
    freed += sum(shared_bytes(blob, removal.root) for removal in removals for blob in removal.shared)
    notes = [note for removal in removals for note in removal.staying]
    if linked:
        notes.append(f"{linked:,} bytes stay on the disk: other names (hard links) have them, too.")
    if cloned:
        notes.append(f"{cloned:,} bytes are shared with other files (reflinks) and go with the last of them.")
    return RemovalPlan(
        name=name,
        stores=titles,
        removals=tuple(removals),
        freed_bytes=freed,
        notes=(*notes, *elsewhere),
    )


def _freed(files: list[Path]) -> tuple[int, int, int]:
    """Bytes that go with their last name, bytes that keep another name, bytes that other files share."""
    found = {(state.st_dev, state.st_ino): (path, state) for path in files if (state := _state(path))}
    ours = Counter((state.st_dev, state.st_ino) for path in files if (state := _state(path)))
    freed = linked = cloned = 0
    for key, (path, state) in found.items():
        if ours[key] < state.st_nlink:
            linked += bytes_on_disk(state)
        else:
            shared = min(bytes_on_disk(state), bytes_in_shared_blocks(path))
            freed, cloned = freed + bytes_on_disk(state) - shared, cloned + shared
    return freed, linked, cloned


def _elsewhere(model: LocalModel, going: list[StoredModel]) -> tuple[str, ...]:
    """Where else the model is, by names that remove it there."""
    others = _by_name(place for place in model.places if place not in going)
    return tuple(
        f"It is in {store_of(places[0].store).title}, too, as {places[0].name}" + _shares(places[0], going)
        for places in others
    )


def _shares(place: StoredModel, going: list[StoredModel]) -> str:
    with suppress(OSError):
        if os.path.samefile(place.path, going[0].path):
            return ", which is the same file."
    return "."


def _check(removal: Removal) -> None:
    """Raise where something lies outside the store, may not be removed or is being written."""
    root = os.path.realpath(removal.root)
    for folder in {path.parent for path in removal.paths}:
        real = os.path.realpath(folder)
        if not Path(real).is_relative_to(root):
            raise WorkbenchError(
                f"{folder} leads out of {removal.root}; nothing was removed.", "Look at its links."
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WorkbenchError(
                f"You may not remove files from {folder}; nothing was removed.",
                "Ask who owns it, or use sudo.",
            )
    for lock in removal.locks:
        if _is_held(lock):
            raise WorkbenchError("It is being downloaded just now; nothing was removed.", "Stop that first.")


def _is_held(lock: Path) -> bool:
    import fcntl

    try:
        with open(lock, "rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EAGAIN)
    return False


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise WorkbenchError(
            f"{path} cannot be removed: {error.strerror}.", "Some files may be gone."
        ) from error


def _state(path: Path) -> os.stat_result | None:
    """Of a regular file; a link takes no room worth telling."""
    try:
        state = path.lstat()
    except OSError:
        return None
    return state if stat.S_ISREG(state.st_mode) else None
