"""A repository of the hub at one commit: its files and what the hub says of it, in one request.

Every name has been checked before anything else sees it. Which files make up a model is not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import msgspec

from workbench.errors import InvalidRequest
from workbench.models.hub import client, fields, questions
from workbench.models.hub.file_path import is_plain_path, is_repository
from workbench.models.hub.subject import Subject, no_hub

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_NAME_OF_BLOB = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_MOST_FILES = 50_000


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository.

    Attributes:
        path: In the repository; never leads out of it.
        size_bytes: 0 while the hub has not told.
        etag: The blob's name in the cache: the sha256 of large files, the git blob's sha1 of small ones; ""
            while the hub has not told.
    """

    path: str
    size_bytes: int
    etag: str

    @property
    def sha256(self) -> str | None:
        return self.etag if _SHA256.fullmatch(self.etag) else None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """What the hub says of a repository at a commit.

    Attributes:
        revision: As asked for; `commit` is what it stood for then, 40 hexadecimal digits.
        left_out: How many files the hub lists under names that cannot be trusted.
        updated: The day of the last commit, such as "2026-11-23"; "" where not told.
        library: What its weights are made for, such as "mlx" or "exl2", from the configuration and the tags.
    """

    id: str
    revision: str
    commit: str
    files: tuple[HubFile, ...]
    left_out: int = 0
    gated: bool = False
    private: bool = False
    licence: str = ""
    parameters: int | None = None
    architecture: str = ""
    context_length: int | None = None
    downloads: int = 0
    likes: int = 0
    updated: str = ""
    base_models: tuple[str, ...] = ()
    library: str = ""


class _Sibling(msgspec.Struct):
    rfilename: Any = None
    size: Any = None
    blobId: Any = None
    lfs: Any = None


class _Model(msgspec.Struct):
    """The hub's answer; only its outline is demanded, the rest is taken as far as it is right."""

    siblings: list[_Sibling]
    id: Any = None
    sha: Any = None
    gated: Any = None
    private: Any = None
    tags: Any = None
    cardData: Any = None
    config: Any = None
    gguf: Any = None
    safetensors: Any = None
    downloads: Any = None
    likes: Any = None
    lastModified: Any = None


def repository(id: str, revision: str = "main") -> Repository:
    """Ask the hub for a repository. Raises WorkbenchError of the kind that fits."""
    if not is_repository(id):
        raise InvalidRequest(f"{id!r} is no repository's id.", "Write it as org/name.")
    question = f"/api/models/{id}/revision/{quote(revision, safe='')}"
    answer = questions.get(question, [("blobs", "true")], repository=id, revision=revision)
    return _checked(id, revision, fields.decoded(answer, _Model))


def completed(repository: Repository, file: HubFile) -> HubFile:
    """The file with its size and etag; some mirrors tell them only of one file at a time."""
    if file.etag:
        return file
    told = questions.file_metadata(repository.id, repository.commit, file.path)
    size, etag = fields.count(told.size), told.etag or ""
    if size is None or not _NAME_OF_BLOB.fullmatch(etag) or told.commit_hash != repository.commit:
        raise no_hub(_subject(repository.id), f"does not say what {file.path} is")
    return replace(file, size_bytes=size, etag=etag)


def _subject(id: str) -> Subject:
    return Subject(client.endpoint(), id)


def _checked(id: str, revision: str, model: _Model) -> Repository:
    commit = fields.text(model.sha)
    if not _SHA1.fullmatch(commit):
        raise no_hub(_subject(id), f"names no commit of {id}")
    if len(model.siblings) > _MOST_FILES:
        raise no_hub(_subject(id), f"lists {len(model.siblings)} files in {id}")
    files = {file.path: file for file in map(_file, model.siblings) if file is not None}
    tags = fields.texts(model.tags)
    return Repository(
        id=_spelling(id, model.id),
        revision=revision,
        commit=commit,
        files=tuple(files[path] for path in sorted(files)),
        left_out=len(model.siblings) - len(files),
        gated=fields.is_gated(model.gated),
        private=model.private is True,
        licence=fields.licence(model.cardData, tags),
        parameters=fields.parameters(model.gguf, model.safetensors),
        architecture=fields.architecture(model.gguf, model.config),
        context_length=fields.count(fields.inside(model.gguf, "context_length")),
        downloads=fields.count(model.downloads) or 0,
        likes=fields.count(model.likes) or 0,
        updated=fields.text(model.lastModified)[:10],
        base_models=fields.texts(fields.inside(model.cardData, "base_model")),
        library=_library(model.config, tags),
    )


def _spelling(asked: str, told: Any) -> str:
    """The hub's own spelling, so that one repository is kept once; names may differ in case only."""
    name = fields.text(told)
    return name if name.lower() == asked.lower() else asked


def _library(config: Any, tags: tuple[str, ...]) -> str:
    method = fields.text(fields.inside(config, "quantization_config", "quant_method")).lower()
    known = ("exl2", "exl3", "awq", "gptq", "mlx", "mlc-llm")
    tagged = next((name for name in known if name in tags), "")
    return method or tagged


def _file(sibling: _Sibling) -> HubFile | None:
    path = sibling.rfilename
    if not isinstance(path, str) or not is_plain_path(path):
        return None
    large = sibling.lfs is not None
    size = fields.count(fields.inside(sibling.lfs, "size") if large else sibling.size)
    etag = fields.text(fields.inside(sibling.lfs, "sha256") if large else sibling.blobId).lower()
    told = size is not None and (_SHA256 if large else _SHA1).fullmatch(etag)
    return HubFile(path, size or 0, etag) if told else HubFile(path, 0, "")
