"""Which of the files in a folder are one model: shards, the projector beside them, folders of safetensors.

Goes by names, and for folders by their config.json; weights are never read. Knows no store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from workbench.gguf import Shard, ShardSet, shard_of, shard_sets
from workbench.models.stores.model_folder import read_model_folder
from workbench.models.stores.stored import Kind
from workbench.models.stores.walking import Listing, listing_of, walk

_NO_MODEL = re.compile(r"(.*[-_.])?imatrix\.gguf|(mtp|eagle3|dflash|dspark)-.*", re.IGNORECASE)
_PROJECTOR = re.compile(r"mmproj", re.IGNORECASE)
_PRECISION = re.compile(
    r"[-_. ]*(bf16|f16|fp16|f32|fp32|q\d+[a-z0-9_]*|iq\d+[a-z0-9_]*|mmproj)(?=[-_. ]|$)", re.IGNORECASE
)
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """A model among files. `name` is its path from where the search began, with the ending a file has."""

    name: str
    path: Path
    files: tuple[Path, ...]
    kind: Kind = "gguf"
    missing: tuple[str, ...] = ()
    projector: Path | None = None
    companions: tuple[Path, ...] = ()


def models_below(root: Path) -> Iterator[Arranged]:
    """The models in a folder and in those below it."""
    projectors: dict[tuple[str, ...], list[Path]] = {}
    for listing in walk(root):
        ggufs = [name for name in listing.names if name.lower().endswith(".gguf")]
        projectors[listing.parts] = [listing.path / name for name in ggufs if _PROJECTOR.search(name)]
        near = _near(projectors, listing.parts)
        yield from _models_of(listing, [name for name in ggufs if _is_weights(name)], near)
        if folder := _folder(listing):
            yield folder


def model_of(path: Path) -> Arranged:
    """The model that a file is or is a shard of, or that a folder is, with what lies beside it."""
    folder = path if path.is_dir() else path.parent
    listing = listing_of(folder)
    if path.is_dir():
        return _folder(listing) or Arranged(name="", path=path, files=())
    shards = shard_of(path.name)
    names = [name for name in listing.names if name == path.name or (shards and _is_sibling(name, shards))]
    projectors = [folder / name for name in listing.names if _PROJECTOR.search(name) and name not in names]
    alone = Arranged(name=path.name, path=path, files=(path,))
    return next(_models_of(listing, names, projectors), alone)


def _folder(listing: Listing) -> Arranged | None:
    """The model that the whole folder is."""
    held = read_model_folder(listing.path, listing.names)
    if held is None:
        return None
    return Arranged(
        name="/".join(listing.parts),
        path=listing.path,
        files=tuple(listing.path / name for name in held.weights),
        kind=held.kind,
        missing=held.missing,
        companions=tuple(listing.path / name for name in held.companions),
    )


def _is_sibling(name: str, shard: Shard) -> bool:
    other = shard_of(name)
    return other is not None and (other.stem, other.count) == (shard.stem, shard.count)


def _is_weights(name: str) -> bool:
    return not _PROJECTOR.search(name) and not _NO_MODEL.fullmatch(name)


def _models_of(listing: Listing, names: list[str], projectors: list[Path]) -> Iterator[Arranged]:
    sets = [(shards.names, _missing(shards)) for shards in shard_sets(names)]
    for present, missing in sorted([*sets, *(((name,), ()) for name in names if not shard_of(name))]):
        yield Arranged(
            name="/".join((*listing.parts, present[0])),
            path=listing.path / present[0],
            files=tuple(listing.path / name for name in present),
            missing=missing,
            projector=projector_for(present[0], projectors),
        )


def _missing(shards: ShardSet) -> tuple[str, ...]:
    present = set(shards.present)
    every = (Shard(shards.stem, number, shards.count) for number in range(1, shards.count + 1))
    return tuple(islice((shard.name for shard in every if shard not in present), _MOST_NAMED))


def base_name(name: str) -> str:
    """The file's name without what tells shards apart and without its ending."""
    shard = shard_of(name)
    return shard.stem if shard else name.rpartition(".")[0] or name


def projector_for(model: str, projectors: list[Path]) -> Path | None:
    """The projector whose name fits the model's best; one that names no model fits all beside it."""
    fitting = [path for path in projectors if _fits(_subject(path.name), base_name(model).lower())]
    return min(fitting, key=lambda path: (-len(_subject(path.name)), path.name), default=None)


def _near(projectors: dict[tuple[str, ...], list[Path]], parts: tuple[str, ...]) -> list[Path]:
    """Those in the same folder, else in the nearest one above it."""
    for length in range(len(parts), -1, -1):
        if found := projectors.get(parts[:length]):
            return found
    return []


def _subject(projector: str) -> str:
    """What a projector's name says it is for: "qwen2-vl-7b" of "mmproj-Qwen2-VL-7B-f16.gguf", else ""."""
    subject = _PRECISION.sub("", projector.rpartition(".")[0]).strip("-_. ").lower()
    return "" if subject == "model" else subject


def _fits(subject: str, model: str) -> bool:
    return not subject or model.startswith(subject)
