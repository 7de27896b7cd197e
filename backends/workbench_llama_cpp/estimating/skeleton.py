"""A file from which llama.cpp learns all sizes of a model and none of its weights.

It has what the header says, without the vocabulary, and then nothing: a hole as long as the weights, which
takes no room on disk. Made once for each header and kept in the cache, named by its own content. Knows
nothing of llama.cpp.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import Struct, pack

from workbench.errors import InvalidModel, NoSpace
from workbench.gguf import GGML_TYPES, Array, Header, Value
from workbench.paths import cache_folder

_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _UINT64, _INT64 = 4, 5, 6, 7, 8, 9, 10, 11
_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    _UINT32: "I",
    _INT32: "i",
    _FLOAT32: "f",
    _BOOL: "?",
    _UINT64: "Q",
    _INT64: "q",
    12: "d",
}
_TYPE_NUMBERS = {kind: number for number, kind in GGML_TYPES.items()}
_LEFT_OUT = ("tokenizer.", "split.")
_VOCABULARY = "tokenizer.ggml.tokens"
_MOST_TOKENS = 1 << 22


def skeleton(header: Header) -> Path:
    """The file for a model with this header, all its shards in one. Raises InvalidModel or NoSpace."""
    content = skeleton_header(header)
    size = len(content) + sum(_padded(tensor.size_bytes, header.alignment) for tensor in header.tensors)
    folder = cache_folder() / "skeletons"
    path = folder / f"{hashlib.sha256(content).hexdigest()[:40]}.gguf"
    try:
        if not _is(path, content, size):
            _write(folder, path, content, size)
    except (OSError, OverflowError) as error:
        raise NoSpace(
            f"A file of {size / 2**30:.1f} GiB without content cannot be made in {folder}: {error}.",
            "Put the cache on a file system that knows sparse files, with WORKBENCH_HOME.",
        ) from error
    return path


def _is(path: Path, content: bytes, size: int) -> bool:
    try:
        with open(path, "rb") as file:
            return os.fstat(file.fileno()).st_size == size and file.read(len(content)) == content
    except FileNotFoundError:
        return False


def _write(folder: Path, path: Path, content: bytes, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=folder, suffix=".unfinished")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.truncate(size)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def skeleton_header(header: Header) -> bytes:
    """The bytes before the hole, up to where the weights would begin."""
    entries = [_entry(key, value) for key, value in _metadata(header).items()]
    head = b"GGUF" + pack("<IQQ", 3, len(header.tensors), len(entries)) + b"".join(entries)
    content = head + b"".join(_tensors(header))
    return content.ljust(_padded(len(content), header.alignment), b"\0")


def _metadata(header: Header) -> Mapping[str, Value]:
    """Numbers, switches and what belongs to the architecture; neither vocabulary nor descriptions."""
    kept = {
        key: value
        for key, value in header.metadata.items()
        if not key.startswith(_LEFT_OUT) and not (isinstance(value, str) and key.startswith("general."))
    }
    kept["general.architecture"] = header.architecture
    kept["tokenizer.ggml.model"] = "none"
    size = f"{header.architecture}.vocab_size"
    if isinstance(tokens := header.metadata.get(_VOCABULARY), Array):
        kept[size] = len(tokens)
    if isinstance(count := kept.get(size), int) and count > _MOST_TOKENS:  # llama.cpp would make room for all
        raise InvalidModel(
            f"{header.source_name} claims a vocabulary of {count} tokens.",
            "Download it again, or ask whoever made it for a sound file.",
        )
    token_types = header.metadata.get("tokenizer.ggml.token_type_count")
    return kept if token_types is None else {**kept, "tokenizer.ggml.token_type_count": token_types}


def _tensors(header: Header) -> Iterator[bytes]:
    offset = 0
    for tensor in header.tensors:
        dimensions = len(tensor.shape)
        shape = pack(f"<I{dimensions}Q", dimensions, *tensor.shape)
        yield _text(tensor.name) + shape + pack("<IQ", _TYPE_NUMBERS[tensor.type], offset)
        offset += _padded(tensor.size_bytes, header.alignment)


def _entry(key: str, value: Value) -> bytes:
    kind = _kind(value)
    return (
        _text(key) + pack("<I", kind) + (_array(value) if isinstance(value, Array) else _plain(kind, value))
    )


def _kind(value: Value) -> int:
    """llama.cpp reads every whole number as an unsigned one of 32 bits, and every other as a float."""
    match value:
        case bool():
            return _BOOL
        case int():
            return _UINT32 if 0 <= value < 2**32 else _INT64 if value < 2**63 else _UINT64
        case float():
            return _FLOAT32
        case str():
            return _STRING
        case _:
            return _ARRAY


def _array(array: Array) -> bytes:
    kind, count = array.element_type, len(array)
    if kind in _NUMBERS:
        elements = Struct(f"<{count}{_NUMBERS[kind]}").pack(*array)
    elif kind == _STRING:
        elements = b"".join(map(_text, array))
    else:  # llama.cpp knows no arrays of arrays
        kind, count, elements = _UINT32, 0, b""
    return pack("<IQ", kind, count) + elements


def _plain(kind: int, value: object) -> bytes:
    return _text(str(value)) if kind == _STRING else pack("<" + _NUMBERS[kind], value)


def _text(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return pack("<Q", len(raw)) + raw


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
