"""A safetensors file: the tensors that its header promises, checked against the file, and their elements.

The file is untrusted. Its header is eight bytes of length and that much JSON; every tensor must lie inside
the file, have the size that its type and shape say, and overlap with none. Weights are read as they are asked
for and never mapped, so that a file that shrinks meanwhile is an error and no crash.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from workbench.conversion.element_types import ELEMENT_TYPES, OTHER_SIZES
from workbench.conversion.json_file import parse_object
from workbench.errors import InvalidModel

MAX_HEADER_BYTES = 100_000_000
"""As much as the format's own reader allows."""
_MAX_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a file: `start` is its first byte in it."""

    name: str
    file: Path
    type: str
    shape: tuple[int, ...]
    start: int
    size_bytes: int

    @property
    def columns(self) -> int:
        """Elements of a row; a vector is a column of rows."""
        return self.shape[-1] if len(self.shape) > 1 else 1

    def elements(self, first: int, last: int) -> NDArray[Any]:
        """Rows `first` up to `last`, as they are stored: (rows, columns). Raises InvalidModel."""
        kind = ELEMENT_TYPES[self.type]
        offset = self.start + first * self.columns * kind.size
        count = (last - first) * self.columns
        try:
            read = np.fromfile(self.file, kind.stored, count, offset=offset)
        except OSError as error:
            raise InvalidModel(f"{self.file} cannot be read: {error.strerror}.", "Check the disk.") from error
        if read.size != count:
            raise InvalidModel(f"{self.file.name} ends inside {self.name}.", "Fetch the model again.")
        return read.reshape(last - first, self.columns)


def stored_tensors(file: Path) -> list[StoredTensor]:
    """The tensors of the file, in the order of their bytes; raises InvalidModel with what is wrong in it."""
    try:
        with open(file, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            length = int.from_bytes(stream.read(8), "little")
            _check_length(file, size, length)
            raw = stream.read(length)
    except OSError as error:
        raise InvalidModel(f"{file} cannot be read: {error.strerror}.", "Check the folder.") from error
    entries = parse_object(raw, f"The header of {file.name}", unique=True)
    entries.pop("__metadata__", None)
    found = sorted(_tensors(file, entries, 8 + length, size), key=lambda tensor: tensor.start)
    for before, after in pairwise(tensor for tensor in found if tensor.size_bytes):
        if before.start + before.size_bytes > after.start:
            _refuse(file, f"{before.name} and {after.name} lie on the same bytes")
    return found


def _check_length(file: Path, size: int, length: int) -> None:
    if size < 10:
        _refuse(file, "it has no header")
    if length > MAX_HEADER_BYTES:
        _refuse(file, f"its header says it is {length:,} bytes long, more than {MAX_HEADER_BYTES:,}")
    if 8 + length > size:
        _refuse(file, f"its header of {length:,} bytes ends beyond the file, which has {size:,}")


def _tensors(file: Path, entries: dict[str, Any], start: int, size: int) -> Iterator[StoredTensor]:
    for name, entry in entries.items():
        try:
            kind, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
            whole = all(type(number) is int and 0 <= number < 2**62 for number in (first, last, *shape))
        except (TypeError, KeyError, ValueError):
            _refuse(file, f"its entry for {name!r} lacks type, shape or offsets")
        if not whole or not isinstance(kind, str) or len(shape) > _MAX_DIMENSIONS:
            _refuse(file, f"its entry for {name!r} makes no sense")
        if first > last or start + last > size:
            _refuse(file, f"{name} lies outside the file, which may be cut short")
        if (each := _size(kind)) and prod(shape) * each != last - first:
            _refuse(file, f"{name} has {last - first:,} bytes, which do not make {kind} of shape {shape}")
        yield StoredTensor(name, file, kind, tuple(shape), start + first, last - first)


def _size(kind: str) -> int:
    return ELEMENT_TYPES[kind].size if kind in ELEMENT_TYPES else OTHER_SIZES.get(kind, 0)


def _refuse(file: Path, what: str) -> NoReturn:
    raise InvalidModel(f"{file.name} is not a sound safetensors file: {what}.", "Fetch the model again.")
