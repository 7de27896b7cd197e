"""Reads importance matrices from files: GGUF, or the .dat files of older llama.cpp."""

from __future__ import annotations

import os
from pathlib import Path
from struct import unpack
from typing import BinaryIO

import numpy as np

from workbench.errors import InvalidModel, InvalidRequest, WorkbenchError
from workbench.gguf import Array, Header, TensorInfo, check_whole, read_header
from workbench.imatrix.matrix import Entry, Floats, ImportanceMatrix

SUMS, COUNTS = ".in_sum2", ".counts"
_REMEDY = "Make one with `workbench imatrix`, or take another file."
_MAX_BYTES = 8 << 30
_MAX_NAME_BYTES = 4096


def read_imatrix(path: str | os.PathLike[str]) -> ImportanceMatrix:
    """The matrix in the file. Raises InvalidRequest for what is none, in a sentence that names the file."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            is_gguf = file.read(4) == b"GGUF"
            if os.fstat(file.fileno()).st_size > _MAX_BYTES:
                raise _no_matrix(path, "it is larger than any")
        matrix = _of_gguf(path) if is_gguf else _of_dat(path)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    for name, entry in matrix.entries.items():
        if not np.isfinite(entry.sums).all() or (entry.counts < 0).any():
            raise _no_matrix(path, f"its entry {name!r} has values that are no numbers")
    return matrix


def _no_matrix(path: Path, why: str) -> WorkbenchError:
    return InvalidRequest(f"{path.name} is no importance matrix that can be used: {why}.", _REMEDY)


def _of_gguf(path: Path) -> ImportanceMatrix:
    try:
        header = read_header(path)
        check_whole(header)
    except InvalidModel as error:
        raise InvalidRequest(error.message, _REMEDY) from error
    tensors = {tensor.name: tensor for tensor in header.tensors}
    names = sorted({name.removesuffix(SUMS).removesuffix(COUNTS) for name in tensors})
    if not names or not any(name.endswith(SUMS) for name in tensors):
        raise _no_matrix(path, "it holds a model" if header.architecture else "it has no entries")
    datasets = header.metadata.get("imatrix.datasets")
    size = header.number("imatrix.chunk_size")
    if not isinstance(datasets, Array) or size is None or header.number("imatrix.chunk_count") is None:
        raise _no_matrix(path, "it does not say what it was made of")
    with open(path, "rb") as file:
        entries = {name: _entry(path, header, file, tensors, name) for name in names}
    return ImportanceMatrix(
        entries=entries,
        datasets=tuple(str(name) for name in datasets),
        chunk_count=header.number("imatrix.chunk_count") or 0,
        chunk_size=size,
        notes={
            key: value
            for key, value in header.metadata.items()
            if key.startswith("workbench.") and isinstance(value, str)
        },
    )


def _entry(path: Path, header: Header, file: BinaryIO, tensors: dict[str, TensorInfo], name: str) -> Entry:
    sums, counts = tensors.get(name + SUMS), tensors.get(name + COUNTS)
    if sums is None or counts is None:
        raise _no_matrix(path, f"its entry {name!r} is half")
    if sums.type.name != "F32" or counts.type.name != "F32":
        raise _no_matrix(path, f"its entry {name!r} is not in F32")
    if not sums.elements or not counts.elements or sums.elements % counts.elements:
        raise _no_matrix(path, f"its entry {name!r} has {counts.elements} counts for {sums.elements} sums")
    numbers = np.rint(_values(header, file, counts).astype(np.float64))
    if not np.isfinite(numbers).all():
        raise _no_matrix(path, f"its entry {name!r} has values that are no numbers")
    return Entry(_values(header, file, sums).reshape(counts.elements, -1), numbers.astype(np.int64))


def _values(header: Header, file: BinaryIO, tensor: TensorInfo) -> Floats:
    file.seek(header.data_offset + tensor.offset)
    order = "<" if header.byte_order == "little" else ">"
    return np.frombuffer(file.read(tensor.size_bytes), f"{order}f4").astype(np.float32)


def _of_dat(path: Path) -> ImportanceMatrix:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        (count,) = _integers(path, file, 1)
        if not 0 < count <= size:
            raise _no_matrix(path, "it is neither a GGUF nor a .dat file of llama.cpp")
        entries = dict(_dat_entry(path, file) for _ in range(count))
        chunks, dataset = _dat_ending(file)
    return ImportanceMatrix(entries=entries, datasets=dataset, chunk_count=chunks, legacy=True)


def _dat_entry(path: Path, file: BinaryIO) -> tuple[str, Entry]:
    (length,) = _integers(path, file, 1)
    if not 0 < length <= _MAX_NAME_BYTES:
        raise _no_matrix(path, "it is neither a GGUF nor a .dat file of llama.cpp")
    name = file.read(length).decode(errors="replace")
    calls, values = _integers(path, file, 2)
    raw = file.read(4 * values) if 0 < values < _MAX_BYTES // 4 else b""
    if not raw or len(raw) < 4 * values:
        raise _no_matrix(path, "it is cut short")
    sums = np.frombuffer(raw, "<f4").astype(np.float32).reshape(1, -1)
    return name, Entry(sums, np.array([calls], np.int64))


def _integers(path: Path, file: BinaryIO, count: int) -> tuple[int, ...]:
    raw = file.read(4 * count)
    if len(raw) < 4 * count:
        raise _no_matrix(path, "it is cut short")
    return unpack(f"<{count}i", raw)


def _dat_ending(file: BinaryIO) -> tuple[int, tuple[str, ...]]:
    """The number of chunks and the name of the text, which not every file has."""
    raw = file.read(8)
    if len(raw) < 8:
        return (unpack("<i", raw[:4])[0] if len(raw) >= 4 else 0), ()
    chunks, length = unpack("<ii", raw)
    name = file.read(length) if 0 < length <= _MAX_NAME_BYTES else b""
    return chunks, ((name.decode(errors="replace"),) if name else ())
