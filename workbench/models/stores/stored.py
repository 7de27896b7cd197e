"""What a store holds, as values, and what a store can be asked. Knows no program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol

Kind = Literal["gguf", "exl2", "exl3", "mlc", "safetensors", "onnx", "pickle", "remote"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and the hash it was published under: 64 hex digits of sha256, 40 of git's sha1, or ""."""

    path: Path
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """One model as one store holds it.

    Attributes:
        store: The store's slug.
        name: What it is called there; `also` holds further names that mean the same.
        path: What an engine opens: a file, of a model in shards the first, or a folder.
        files: The weights in order; `missing` names those that should be there and are not.
        projector: The file that lets the model see or hear.
        companions: Files that belong to this model alone and are no weights, such as a folder's config.json.
        texts: Files that say something about it, by role: template, licence, parameters, system.
        repository: "org/name" on the hub, where that is known; `inside` is the path in it.
        revisions: The commit and the branches that hold it, where that is known.
    """

    store: str
    name: str
    path: Path
    files: tuple[StoredFile, ...]
    kind: Kind = "gguf"
    missing: tuple[str, ...] = ()
    projector: StoredFile | None = None
    adapters: tuple[StoredFile, ...] = ()
    companions: tuple[Path, ...] = ()
    texts: tuple[tuple[str, Path], ...] = ()
    also: tuple[str, ...] = ()
    repository: str = ""
    inside: str = ""
    revisions: tuple[str, ...] = ()

    @property
    def all_files(self) -> tuple[StoredFile, ...]:
        """The weights and what is loaded with them."""
        return (*self.files, *((self.projector,) if self.projector else ()), *self.adapters)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedDownload:
    """A download of the workbench's own that was interrupted; `files` are the partial one and its journal."""

    store: str
    name: str
    path: Path
    files: tuple[Path, ...]
    have_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What has to go so that a model is gone from a store.

    Attributes:
        root: Nothing outside this folder is touched.
        records: What a program has written down about the model; goes first, and counts for no bytes.
        files: Files and links, to be removed in this order.
        shared: Links to bytes that the hub's client keeps count of; it removes these itself.
        folders: Removed afterwards where they are empty, in this order.
        staying: Sentences that say what stays, and why.
        locks: Files that other programs hold a lock on while they write there.
    """

    root: Path
    files: tuple[Path, ...]
    records: tuple[Path, ...] = ()
    shared: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    staying: tuple[str, ...] = ()
    locks: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that goes, in order."""
        return (*self.records, *self.files, *self.shared)


class Store(Protocol):
    """A place where a program keeps models."""

    slug: ClassVar[str]
    """What it is called in data and in front of a name, as in `ollama:llama3.2`."""
    title: ClassVar[str]
    """What people call it."""

    def models(self) -> Iterable[StoredModel]:
        """What is there now; what cannot be read is left out."""

    def unfinished(self) -> Iterable[UnfinishedDownload]:
        """Interrupted downloads of the workbench's own."""

    def removal(self, models: Sequence[StoredModel]) -> Removal:
        """What has to go with these, which are one model under one name. Raises Unsupported if none may."""
