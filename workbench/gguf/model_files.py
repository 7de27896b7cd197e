"""Models on disk, in one file or in shards that lie side by side."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.errors import InvalidModel, ModelNotFound
from workbench.gguf.faults import damaged
from workbench.gguf.header import Header
from workbench.gguf.parser import parse
from workbench.gguf.shards import Shard, joined, shard_of
from workbench.gguf.source import FileSource


def read_header(path: str | os.PathLike[str]) -> Header:
    """The header of the file at `path`. Raises ModelNotFound, or InvalidModel for what is no sound header.

    A file whose weights are cut short still has a header; `check_whole` tells.
    """
    return parse(FileSource(path))


def read_model(path: str | os.PathLike[str]) -> Header:
    """The header of the whole model that the file at `path` is, or is any shard of. Raises as `read_header`.

    InvalidModel also where a shard is missing or belongs to another model.
    """
    header, path = read_header(path), Path(path)
    shard = shard_of(path.name)
    if header.shards == 1 and (shard is None or shard.count == 1):
        return header
    if shard is None:
        raise damaged(
            header.source_name,
            f"is one of {header.shards} shards, but its name does not say which",
            "Give the shards the names that they were made with, such as name-00001-of-00002.gguf.",
        )
    numbers = range(1, shard.count + 1)
    return joined(
        [header if number == shard.number else _read_sibling(path, shard, number) for number in numbers]
    )


def first_file(path: str | os.PathLike[str]) -> Path:
    """The file that engines load for the model of which `path` is the file or any shard."""
    path = Path(path)
    shard = shard_of(path.name)
    return path.with_name(shard.sibling(1).name) if shard else path


def _read_sibling(path: Path, shard: Shard, number: int) -> Header:
    sibling = path.with_name(shard.sibling(number).name)
    try:
        return read_header(sibling)
    except ModelNotFound as error:
        raise _missing(path, sibling, shard.count) from error


def _missing(path: Path, sibling: Path, count: int) -> InvalidModel:
    return damaged(
        path.name,
        f"cannot be used alone: {sibling.name}, another of the model's {count} shards, is missing",
        "Download it into the same folder.",
    )
