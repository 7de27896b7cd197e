"""Which models in different places are the same: by inode, by published hash, or by size and samples.

Samples are a few pieces of a file, enough to tell models apart and cheap for 40 GB. They do not prove that
two files are the same to the last byte; who needs that compares them.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from workbench.models.remembered import Remembered
from workbench.models.stores import StoredModel

_PIECE = 4096
_PIECES = 64
_SMALLEST = 24  # bytes of the shortest GGUF header: what is shorter is no model


def grouped(models: Sequence[StoredModel], known: Remembered) -> list[list[StoredModel]]:
    """The models, those that are the same together; in the order of the first of each."""
    keys = [_cheap_keys(model) for model in models]
    for index in _unclear(models, keys):
        if found := _sampled(models[index], known):
            keys[index].append(("samples", found))
    first_with: dict[Hashable, int] = {}
    leader = list(range(len(models)))
    for index, own in enumerate(keys):
        for key in own:
            _join(leader, first_with.setdefault(key, index), index)
    groups: dict[int, list[StoredModel]] = defaultdict(list)
    for index, model in enumerate(models):
        groups[_leader(leader, index)].append(model)
    return list(groups.values())


def sample(file: Path) -> str:
    """A hash of pieces spread evenly over the file, first and last included. Raises OSError."""
    digest = hashlib.blake2b(digest_size=20)
    with open(file, "rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        digest.update(size.to_bytes(8, "little"))
        last = max(0, size - _PIECE)
        for offset in sorted({last * number // (_PIECES - 1) for number in range(_PIECES)}):
            digest.update(os.pread(stream.fileno(), _PIECE, offset))
    return digest.hexdigest()


def remembered_sample(file: Path, known: Remembered) -> str:
    """The file's sample, read only if it is not known; "" where it cannot be."""
    found = known.recall([file], "sample")
    if not isinstance(found, str):
        try:
            found = sample(file)
        except OSError:
            return ""
        known.remember([file], "sample", found)
    return found


def _cheap_keys(model: StoredModel) -> list[Hashable]:
    """What tells without reading that two models are the same."""
    identities = [_identity(file.path) for file in model.files]
    if not identities or None in identities:
        return []
    keys: list[Hashable] = [("inodes", model.kind, tuple(identities))]
    if all(len(file.digest) == 64 for file in model.files):
        keys.append(("hashes", model.kind, tuple(file.digest for file in model.files)))
    return keys


def _unclear(models: Sequence[StoredModel], keys: list[list[Hashable]]) -> Iterable[int]:
    """Those whose size is also another's, where inodes and hashes do not settle it."""
    by_size: dict[Hashable, list[int]] = defaultdict(list)
    for index, model in enumerate(models):
        sizes = tuple(_size(file.path) for file in model.files)
        if keys[index] and min(sizes) >= _SMALLEST:
            by_size[model.kind, sizes].append(index)
    for members in by_size.values():
        settled = all(len(keys[index]) > 1 for index in members)
        if not settled and len({keys[index][0] for index in members}) > 1:
            yield from members


def _sampled(model: StoredModel, known: Remembered) -> tuple[str, ...] | None:
    samples = tuple(remembered_sample(file.path, known) for file in model.files)
    return None if "" in samples else samples


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _size(file: Path) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return 0


def _leader(leader: list[int], index: int) -> int:
    while leader[index] != index:
        leader[index] = leader[leader[index]]
        index = leader[index]
    return index


def _join(leader: list[int], one: int, other: int) -> None:
    first, second = sorted((_leader(leader, one), _leader(leader, other)))
    leader[second] = first
