"""Writes importance matrices as llama.cpp does: a GGUF with sums and counts of each tensor, by name."""

from __future__ import annotations

from pathlib import Path
from struct import pack
from typing import BinaryIO

import numpy as np

from workbench.imatrix.matrix import Floats, ImportanceMatrix
from workbench.imatrix.reading import COUNTS, SUMS
from workbench.whole_file import whole_file

_UINT32, _STRING, _ARRAY, _F32, _ALIGNMENT = 4, 8, 9, 0, 32


def write_imatrix(path: Path, matrix: ImportanceMatrix) -> None:
    """Put the matrix at `path`, whole or not at all. Raises OSError."""
    tensors: list[tuple[str, Floats]] = []
    for name, entry in sorted(matrix.entries.items()):
        tensors.append((name + SUMS, entry.sums))
        tensors.append((name + COUNTS, entry.counts.astype(np.float32)[:, None]))
    with whole_file(path, durable=True) as file:
        file.write(_header(matrix, tensors))
        for _, values in tensors:
            _pad(file)
            file.write(values.astype("<f4").tobytes())
        _pad(file)


def _header(matrix: ImportanceMatrix, tensors: list[tuple[str, Floats]]) -> bytes:
    values = _values(matrix)
    head = b"GGUF" + pack("<IQQ", 3, len(tensors), len(values)) + b"".join(values)
    infos, offset = [], 0
    for name, array in tensors:
        shape = array.shape[::-1] if array.shape[0] > 1 else (array.shape[1],)
        infos.append(_text(name) + pack(f"<I{len(shape)}QIQ", len(shape), *shape, _F32, offset))
        offset += -(-array.size * 4 // _ALIGNMENT) * _ALIGNMENT
    return head + b"".join(infos)


def _values(matrix: ImportanceMatrix) -> list[bytes]:
    datasets = b"".join(map(_text, matrix.datasets))
    return [
        _text("general.type") + pack("<I", _STRING) + _text("imatrix"),
        _text("imatrix.datasets") + pack("<IIQ", _ARRAY, _STRING, len(matrix.datasets)) + datasets,
        _text("imatrix.chunk_count") + pack("<II", _UINT32, matrix.chunk_count),
        _text("imatrix.chunk_size") + pack("<II", _UINT32, matrix.chunk_size),
        *(_text(key) + pack("<I", _STRING) + _text(value) for key, value in matrix.notes.items()),
    ]


def _text(text: str) -> bytes:
    raw = text.encode()
    return pack("<Q", len(raw)) + raw


def _pad(file: BinaryIO) -> None:
    file.write(bytes(-file.tell() % _ALIGNMENT))
