"""The header of a safetensors file: eight bytes of length, then JSON, as its format's README lays down.

Untrusted and bounded; the weights are never read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

MAX_HEADER_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: its name, its type's name such as "BF16", its shape and its size in bytes."""

    name: str
    type: str
    shape: tuple[int, ...]
    size_bytes: int

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """The tensors, and the bytes that the file must have to hold them."""

    tensors: tuple[Tensor, ...]
    needed_bytes: int


def read_header(file: Path) -> SafetensorsHeader | None:
    """The header of the file, or None where it has no sound one."""
    try:
        with open(file, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= MAX_HEADER_BYTES:
                return None
            raw = stream.read(length)
        return _parsed(json.loads(raw), 8 + length)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def tensor_names(file: Path) -> list[str]:
    header = read_header(file)
    return [tensor.name for tensor in header.tensors] if header else []


def _parsed(document: dict[str, Any], start: int) -> SafetensorsHeader:
    tensors, end = [], 0
    for name, entry in document.items():
        if name == "__metadata__":
            continue
        first, last = map(int, entry["data_offsets"])
        shape = tuple(map(int, entry["shape"]))
        if not 0 <= first <= last or any(size < 0 for size in shape):
            raise ValueError(name)
        tensors.append(Tensor(str(name), str(entry["dtype"]), shape, last - first))
        end = max(end, last)
    return SafetensorsHeader(tuple(tensors), start + end)
