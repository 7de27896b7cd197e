"""From bytes to a Header, checking everything that later readers lean on.

Versions 2 and 3 in either byte order, laid out as in ggml's docs/gguf.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from workbench.gguf.array import read_array
from workbench.gguf.cursor import Cursor
from workbench.gguf.elements import ARRAY, NUMBERS, STRING
from workbench.gguf.faults import damaged, not_gguf, quoted
from workbench.gguf.header import Header, Value, WeightsFile
from workbench.gguf.source import ByteSource, FirstWindow, FirstWindowEnds
from workbench.gguf.tensor_info import TensorInfo, read_tensors

MAX_ENTRIES = 1 << 16


def parse(source: ByteSource) -> Header:
    """The header at the start of the source. Raises InvalidModel."""
    cursor = Cursor(source)
    version = _read_version(cursor)
    tensor_count, metadata_count = _read_counts(cursor)
    metadata: dict[str, Value] = {}
    _read_metadata(cursor, metadata_count, metadata)
    alignment = _alignment(source.name, metadata)
    tensors = read_tensors(cursor, tensor_count, alignment)
    return Header(
        version=version,
        byte_order="little" if cursor.byte_order == "<" else "big",
        metadata=metadata,
        tensors=tensors,
        alignment=alignment,
        files=(_weights_file(cursor, tensors, alignment),),
    )


def parse_first_window(source: ByteSource) -> Mapping[str, Value]:
    """The metadata that the source's first window tells. Raises InvalidModel.

    It has the architecture and the sizes that memory depends on; tokens and what follows them are left out.
    """
    cursor = Cursor(FirstWindow(source))
    metadata: dict[str, Value] = {}
    with suppress(FirstWindowEnds):
        _read_version(cursor)
        _, metadata_count = _read_counts(cursor)
        _read_metadata(cursor, metadata_count, metadata)
    return metadata


def _read_version(cursor: Cursor) -> int:
    source = cursor.source
    start = cursor.peek(32)
    if not start or start[:4] != b"GGUF"[: len(start)]:
        raise not_gguf(source.name, start)
    _magic, version = cursor.unpack("II")
    if version & 0xFFFF == 0:  # a small number with its bytes reversed
        cursor.byte_order = ">"
        version = int.from_bytes(version.to_bytes(4, "little"), "big")
    if version not in (2, 3):
        remedy = "Update the workbench." if version > 3 else "Get a newer conversion of the same model."
        raise damaged(source.name, f"has GGUF version {version}; versions 2 and 3 can be read", remedy)
    return int(version)


def _read_counts(cursor: Cursor) -> tuple[int, int]:
    cursor.reading = "its counts of tensors and metadata"
    tensors, metadata = cursor.unpack("QQ")
    for count, what in ((tensors, "tensors"), (metadata, "metadata entries")):
        if count > MAX_ENTRIES:
            raise damaged(cursor.source.name, f"claims {count} {what}; more than {MAX_ENTRIES} are not read")
    return tensors, metadata


def _read_metadata(cursor: Cursor, count: int, metadata: dict[str, Value]) -> None:
    """Put so many entries into `metadata`, one after the other."""
    for index in range(count):
        cursor.reading = f"metadata entry {index + 1} of {count}"
        key = cursor.name()
        if key in metadata:
            raise damaged(cursor.source.name, f"has the metadata key {quoted(key)} twice")
        cursor.reading = f"the value of {quoted(key)}"
        metadata[key] = _read_value(cursor)


def _read_value(cursor: Cursor) -> Value:
    (kind,) = cursor.unpack("I")
    if kind == STRING:
        return cursor.string().decode("utf-8", "replace")
    if kind == ARRAY:
        return read_array(cursor)
    if kind not in NUMBERS:
        raise damaged(cursor.source.name, f"has the unknown value type {kind} in {cursor.reading}")
    (value,) = cursor.unpack(NUMBERS[kind])
    return cast(bool | int | float, value)


def _alignment(name: str, metadata: dict[str, Value]) -> int:
    alignment = metadata.get("general.alignment", 32)
    if isinstance(alignment, bool) or not isinstance(alignment, int):
        raise damaged(name, "has a general.alignment that is no whole number")
    if alignment <= 0 or alignment & (alignment - 1):
        raise damaged(name, f"has a general.alignment of {alignment}, which is no power of two")
    return alignment


def _weights_file(cursor: Cursor, tensors: tuple[TensorInfo, ...], alignment: int) -> WeightsFile:
    data_offset = -(-cursor.position // alignment) * alignment
    ends = (data_offset + tensor.offset + tensor.size_bytes for tensor in tensors)
    return WeightsFile(cursor.source.name, cursor.source.size, data_offset, max(ends, default=0))
