"""What the hub holds: repositories, their commits, and the blobs of a commit.

It knows git's and LFS's ways to name a blob, and nothing of HTTP.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

LARGE_SUFFIXES = frozenset(
    {".bin", ".ckpt", ".gguf", ".gz", ".h5", ".model", ".msgpack", ".npy", ".npz", ".onnx", ".parquet"}
    | {".pkl", ".pt", ".pth", ".safetensors", ".tar", ".zip"}
)
LARGE_BYTES = 10 * 1024 * 1024
FIRST_COMMIT = datetime(2025, 1, 1, tzinfo=UTC)

_digests: dict[tuple[Path, int, int], str] = {}


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of one file; those of a large one are named by sha256 and lie in LFS behind a pointer."""

    source: bytes | Path
    size: int
    git_oid: str
    sha256: str | None = None
    pointer_size: int = 0

    @property
    def etag(self) -> str:
        return self.sha256 or self.git_oid


@dataclass(frozen=True, slots=True)
class Commit:
    """One state of a repository: its files by path."""

    sha: str
    title: str
    date: datetime
    blobs: dict[str, Blob]


@dataclass(slots=True, kw_only=True)
class Repository:
    """A model's repository, with what the hub publishes about it."""

    id: str
    tags: list[str] = field(default_factory=list)
    gguf: dict[str, Any] | None = None
    downloads: int = 0
    likes: int = 0
    trending: float = 0
    licence: str | None = None
    gated: bool | str = False
    private: bool = False
    disabled: bool = False
    xet: bool = False
    allowed_tokens: set[str] = field(default_factory=set)
    last_modified: datetime | None = None
    created: datetime = FIRST_COMMIT
    pipeline_tag: str | None = "text-generation"
    library: str | None = None
    card: dict[str, Any] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)

    @property
    def main(self) -> Commit:
        return self.commits[self.branches["main"]]

    def at(self, revision: str) -> Commit | None:
        """The commit of a branch, of a hash or of the beginning of one."""
        if revision in self.branches:
            return self.commits[self.branches[revision]]
        if not re.fullmatch(r"[0-9a-f]{7,40}", revision):
            return None
        return next((commit for sha, commit in self.commits.items() if sha.startswith(revision)), None)

    def add(self, files: Mapping[str, bytes | Path], branch: str, title: str) -> Commit:
        """A commit of exactly these files, and the branch moved to it."""
        blobs = {path: blob_of(path, source) for path, source in files.items()}
        number = len(self.commits)
        state = "".join(f"{path}\0{blob.etag}\0" for path, blob in blobs.items())
        sha = hashlib.sha1(f"{self.id}\0{number}\0{title}\0{state}".encode()).hexdigest()
        self.commits[sha] = Commit(sha, title, self.created + timedelta(hours=number), blobs)
        self.branches[branch] = sha
        return self.commits[sha]


def blob_of(path: str, source: bytes | Path) -> Blob:
    """The file as git keeps it, or as LFS does where it is large or of a kind that usually is."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size < LARGE_BYTES and PurePosixPath(path).suffix not in LARGE_SUFFIXES:
        return Blob(source, size, git_oid(source if isinstance(source, bytes) else source.read_bytes()))
    sha256 = sha256_of(source)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    return Blob(source, size, git_oid(pointer), sha256, len(pointer))


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256_of(source: bytes | Path) -> str:
    """The digest; that of a file is computed once for as long as its size and time stay the same."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    status = source.stat()
    key = (source.resolve(), status.st_size, status.st_mtime_ns)
    if key not in _digests:
        with source.open("rb") as file:
            _digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _digests[key]
