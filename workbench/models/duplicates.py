"""Which files of models are the same to the last byte and lie on the disk more than once.

By size, then by samples, then by comparing everything. Changes nothing.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.models.block_sharing import bytes_on_disk, shares_blocks
from workbench.models.local import LocalModel
from workbench.models.remembered import Remembered, remembered
from workbench.models.sameness import remembered_sample
from workbench.models.stores.bundled import Bundled

_BLOCK_BYTES = 4 << 20
_PARTIAL_ENDINGS = (".workbench.incomplete", ".workbench.journal", ".incomplete", ".journal")

Advance = Callable[[int], None]
"""Told of each further number of bytes that are compared; may raise to stop."""


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """Bytes on the disk and the names that models have for them; `links` counts all names there are."""

    names: tuple[Path, ...]
    device: int
    inode: int
    size: int
    bytes_on_disk: int
    modified_ns: int
    owner: tuple[int, int]
    links: int

    @property
    def path(self) -> Path:
        return self.names[0]

    def is_unchanged(self, path: Path) -> bool:
        """Whether the path still leads to these bytes, and nothing has written to them since."""
        try:
            state = os.lstat(path)
        except OSError:
            return False
        now = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        return now == (self.device, self.inode, self.size, self.modified_ns)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A copy that could share the bytes of `keep`, unless `obstacle` says why not."""

    keep: FileOnDisk
    copy: FileOnDisk
    obstacle: str = ""

    @property
    def saves_bytes(self) -> int:
        """What the disk would get back: nothing while the copy has names that are not known here."""
        return 0 if self.obstacle or self.copy.links > len(self.copy.names) else self.copy.bytes_on_disk


def duplicates(models: Iterable[LocalModel], advance: Advance | None) -> Iterator[Duplicate]:
    """The copies there are, as they are found. The file with the most names is the one to keep.

    Without `advance` files whose samples agree are not compared: for those who compare them afterwards.
    """
    with remembered() as known:
        suspects = [list(group) for group in _alike(_files(models), known)]
    for group in suspects:
        yield from _among(sorted(group, key=lambda file: -file.links), advance)


def same_bytes(one: Path, other: Path, advance: Advance) -> bool:
    """Compare two files to the last byte. Raises OSError."""
    with open(one, "rb") as left, open(other, "rb") as right:
        while True:
            block = left.read(_BLOCK_BYTES)
            if block != right.read(_BLOCK_BYTES):
                return False
            if not block:
                return True
            advance(len(block))


def _files(models: Iterable[LocalModel]) -> list[FileOnDisk]:
    """Every file of weights once, with the real names that models have for it."""
    names: dict[tuple[int, int], dict[Path, os.stat_result]] = defaultdict(dict)
    for model in models:
        for place in model.places:
            for file in place.all_files if place.store != Bundled.slug else ():
                real = Path(os.path.realpath(file.path))
                try:
                    state = os.lstat(real)
                except OSError:
                    continue
                names[state.st_dev, state.st_ino][real] = state
    return [_on_disk(tuple(found), next(iter(found.values()))) for found in names.values()]


def _on_disk(names: tuple[Path, ...], state: os.stat_result) -> FileOnDisk:
    return FileOnDisk(
        names=names,
        device=state.st_dev,
        inode=state.st_ino,
        size=state.st_size,
        bytes_on_disk=bytes_on_disk(state),
        modified_ns=state.st_mtime_ns,
        owner=(state.st_uid, state.st_gid),
        links=state.st_nlink,
    )


def _alike(files: Iterable[FileOnDisk], known: Remembered) -> Iterator[list[FileOnDisk]]:
    """Files of one size and with the same samples, where there is more than one."""
    by_size: dict[int, list[FileOnDisk]] = defaultdict(list)
    for file in files:
        by_size[file.size].append(file)
    for size, group in by_size.items():
        by_sample: dict[str, list[FileOnDisk]] = defaultdict(list)
        for file in group if size and len(group) > 1 else ():
            by_sample[remembered_sample(file.path, known)].append(file)
        yield from (alike for sample, alike in by_sample.items() if sample and len(alike) > 1)


def _among(group: list[FileOnDisk], advance: Advance | None) -> Iterator[Duplicate]:
    kept: list[FileOnDisk] = []
    for file in group:
        keep = next((other for other in kept if _are_same(other, file, advance)), None)
        if keep is None:
            kept.append(file)
        elif not shares_blocks(keep.path, file.path):
            yield Duplicate(keep, file, _obstacle(keep, file))


def _are_same(one: FileOnDisk, other: FileOnDisk, advance: Advance | None) -> bool:
    if advance is None:
        return True
    try:
        return same_bytes(one.path, other.path, advance)
    except OSError:
        return False


def _obstacle(keep: FileOnDisk, copy: FileOnDisk) -> str:
    if keep.device != copy.device:
        return f"{copy.path} is on another file system than {keep.path}."
    for path in (*keep.names, *copy.names):
        if any(os.path.lexists(f"{path}{ending}") for ending in _PARTIAL_ENDINGS):
            return f"{path} is being downloaded."
    for path in copy.names:
        if not os.access(path.parent, os.W_OK | os.X_OK):
            return f"You may not write to {path.parent}."
    return ""
