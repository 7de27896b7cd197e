"""The bodies of /v1/files: a file as it is told of, lists of files, and what is said when one is gone."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class FileObject(Struct, kw_only=True):
    """A file that is kept; times are in seconds since 1970."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None = None
    filename: str
    purpose: str
    status: Literal["processed"] = "processed"
    status_details: None = None


class FileList(Struct, kw_only=True):
    """A page of files."""

    object: Literal["list"] = "list"
    data: list[FileObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class FileDeleted(Struct, kw_only=True):
    """Says that a file is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: bool = True
