"""Headers of models on the hub, kept on disk so that each is fetched once.

A header is named by the blobs it was read from, so that it never goes stale. Kept is what says how the
model is built; of vocabularies only how long they are. The folder may be deleted at any time, and what cannot
be read there is fetched again.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from workbench import paths
from workbench.gguf import GGML_TYPES, Array, Header, TensorInfo, Value, WeightsFile, array_of
from workbench.gguf.elements import NUMBERS, STRING
from workbench.models.hub.repository import HubFile, Repository
from workbench.whole_file import write_whole

_LAYOUT = 1
_MOST_ELEMENTS = 4096
_MOST_TEXT = 1 << 20
_MOST_BYTES = 64 << 20
_MOST_FILES = 500
_VOCABULARY = "tokenizer.ggml.tokens"
_TYPE_NUMBERS = {kind.name: number for number, kind in GGML_TYPES.items()}


class _Elements(msgspec.Struct, array_like=True):
    """An array of the metadata: the number of its element type, and its elements."""

    element: int
    items: list[bool | int | float | str]


class _Kept(msgspec.Struct, array_like=True):
    """A header as it lies on disk."""

    layout: int
    version: int
    byte_order: str
    alignment: int
    values: dict[str, bool | int | float | str]
    arrays: dict[str, _Elements]
    tensors: list[tuple[str, list[int], int, int, int]]
    files: list[tuple[str, int, int, int]]


@dataclass(frozen=True, slots=True)
class FetchedHeader:
    """The header of a whole model, and the bytes that were fetched for it just now."""

    header: Header
    bytes_fetched: int


def header_of(repository: Repository, files: tuple[HubFile, ...]) -> FetchedHeader:
    """The header of the model in these files, all its shards in order: from disk, or over the network.

    Raises as `remote_header`.
    """
    known = cached_header(files)
    if known is not None:
        return FetchedHeader(known, 0)
    from workbench.models.transfer.remote_header import remote_header

    read = remote_header(repository, files)
    keep(files, read.header)
    return FetchedHeader(read.header, read.bytes_fetched)


def keep(files: tuple[HubFile, ...], header: Header) -> None:
    """Remember the header of the model in these files, as far as there is room for it."""
    if place := _place(files):
        with suppress(OSError, ValueError):
            _write(place, msgspec.msgpack.encode(_kept(header)))


def cached_header(files: tuple[HubFile, ...]) -> Header | None:
    """The header if it is here already."""
    place = _place(files)
    if place is None:
        return None
    try:
        with open(place, "rb") as file:
            header = _header(msgspec.msgpack.decode(file.read(_MOST_BYTES), type=_Kept))
        os.utime(place)
    except (OSError, ValueError, KeyError, IndexError, TypeError, struct.error, msgspec.MsgspecError):
        return None
    return header


def _place(files: tuple[HubFile, ...]) -> Path | None:
    """Where the header of these blobs lies; None where the hub does not say which blobs they are."""
    if not files or not all(file.etag for file in files):
        return None
    blobs = "\n".join(f"{file.etag} {file.size_bytes} {file.name}" for file in files)
    return _folder() / f"{hashlib.sha256(blobs.encode()).hexdigest()}.header"


def _folder() -> Path:
    return paths.cache_folder() / "headers"


def _write(place: Path, content: bytes) -> None:
    write_whole(place, content)
    _forget_oldest(place.parent)


def _forget_oldest(folder: Path) -> None:
    kept = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in kept[_MOST_FILES:]:
        file.unlink()


def _kept(header: Header) -> _Kept:
    metadata = dict(_described(header))
    return _Kept(
        _LAYOUT,
        header.version,
        header.byte_order,
        header.alignment,
        {key: value for key, value in metadata.items() if not isinstance(value, Array)},
        {
            key: _Elements(value.element_type, list(value))
            for key, value in metadata.items()
            if isinstance(value, Array)
        },
        [
            (tensor.name, list(tensor.shape), _TYPE_NUMBERS[tensor.type.name], tensor.offset, tensor.file)
            for tensor in header.tensors
        ],
        [(file.name, file.size, file.data_offset, file.weights_end) for file in header.files],
    )


def _described(header: Header) -> Iterator[tuple[str, Value]]:
    tokens = header.metadata.get(_VOCABULARY)
    size = f"{header.architecture}.vocab_size"
    if isinstance(tokens, Array) and size not in header.metadata:
        yield size, len(tokens)
    for key, value in header.metadata.items():
        if isinstance(value, Array):
            plain = value.element_type in NUMBERS or value.element_type == STRING
            if plain and len(value) <= _MOST_ELEMENTS and not key.startswith("tokenizer."):
                yield key, value
        elif not isinstance(value, str) or len(value) <= _MOST_TEXT:
            yield key, value


def _header(kept: _Kept) -> Header:
    if kept.layout != _LAYOUT or kept.byte_order not in ("little", "big") or not kept.files:
        raise ValueError("of another layout")
    arrays = {key: array_of(key, one.element, one.items) for key, one in kept.arrays.items()}
    metadata: Mapping[str, Any] = {**kept.values, **arrays}
    return Header(
        version=kept.version,
        byte_order="little" if kept.byte_order == "little" else "big",
        metadata=metadata,
        tensors=tuple(
            TensorInfo(name, tuple(shape), GGML_TYPES[kind], offset, file)
            for name, shape, kind, offset, file in kept.tensors
        ),
        alignment=kept.alignment,
        files=tuple(WeightsFile(*file) for file in kept.files),
    )
