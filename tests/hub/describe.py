"""Models and files as the hub's API writes them in JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from tests.hub.content import Blob, Commit, Repository
from tests.hub.messages import Refusal

BRIEF = (
    *("likes", "trendingScore", "private", "downloads"),
    *("tags", "pipeline_tag", "library_name", "createdAt"),
)
ONLY_ON_REQUEST = ("downloadsAllTime",)


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def model(
    repository: Repository,
    commit: Commit,
    *,
    expand: Collection[str] = (),
    full: bool = False,
    blobs: bool = False,
) -> dict[str, Any]:
    """The model with the properties to expand, or with all or the brief ones."""
    known = _properties(repository, commit, blobs)
    if strange := set(expand) - set(known):
        raise Refusal(400, f"Invalid expand: {', '.join(sorted(strange))}")
    wanted = expand or ([name for name in known if name not in ONLY_ON_REQUEST] if full else BRIEF)
    identity = hashlib.md5(repository.id.encode()).hexdigest()[:24]
    names = {"_id": identity, "id": repository.id} | ({} if expand else {"modelId": repository.id})
    return names | {name: known[name] for name in wanted if known[name] is not None}


def entry(repository: Repository, commit: Commit, path: str, *, expand: bool = False) -> dict[str, Any]:
    """A file as `tree` and `paths-info` list it."""
    blob = commit.blobs[path]
    listed: dict[str, Any] = {"type": "file", "oid": blob.git_oid, "size": blob.size, "path": path}
    if blob.sha256:
        listed["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": blob.pointer_size}
        if repository.xet:
            listed["xetHash"] = xet_hash(blob.sha256)
    if expand:
        listed["lastCommit"] = {"id": commit.sha, "title": commit.title, "date": timestamp(commit.date)}
    return listed


def folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "oid": hashlib.sha1(path.encode()).hexdigest(), "size": 0, "path": path}


def xet_hash(sha256: str) -> str:
    """A name of the right form; the store that it names is not part of this hub."""
    return hashlib.sha256(b"xet" + sha256.encode()).hexdigest()


def _properties(repository: Repository, commit: Commit, blobs: bool) -> dict[str, Any]:
    return {
        "author": repository.id.split("/")[0],
        "baseModels": None,
        "cardData": _card(repository),
        "config": {},
        "createdAt": timestamp(repository.created),
        "disabled": repository.disabled,
        "downloads": repository.downloads,
        "downloadsAllTime": repository.downloads * 7,
        "gated": repository.gated,
        "gguf": repository.gguf,
        "lastModified": timestamp(repository.last_modified or commit.date),
        "library_name": repository.library,
        "likes": repository.likes,
        "pipeline_tag": repository.pipeline_tag,
        "private": repository.private,
        "safetensors": None,
        "sha": commit.sha,
        "siblings": [_sibling(path, blob, blobs) for path, blob in commit.blobs.items()],
        "spaces": [],
        "tags": _tags(repository),
        "trendingScore": repository.trending,
        "usedStorage": sum(blob.size for blob in commit.blobs.values()),
    }


def _card(repository: Repository) -> dict[str, Any]:
    return ({"license": repository.licence} if repository.licence else {}) | repository.card


def _tags(repository: Repository) -> list[str]:
    return [*repository.tags, *([f"license:{repository.licence}"] if repository.licence else [])]


def _sibling(path: str, blob: Blob, sizes: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": path}
    if sizes:
        sibling |= {"size": blob.size, "blobId": blob.git_oid}
        if blob.sha256:
            sibling["lfs"] = {"sha256": blob.sha256, "size": blob.size, "pointerSize": blob.pointer_size}
    return sibling
