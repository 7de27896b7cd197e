"""The bytes of a GGUF header, from metadata and tensors: those of files that llama.cpp reads for their shape.

Knows nothing of llama.cpp, nor of what a model's weights are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct, pack

from workbench.gguf import GGML_TYPES, Array, TensorInfo, Value

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
TYPE_NUMBERS = {kind: number for number, kind in GGML_TYPES.items()}


def header_bytes(
    metadata: Mapping[str, Value], tensors: Sequence[TensorInfo], alignment: int, more: Iterable[bytes] = ()
) -> bytes:
    """Everything before the weights, padded to where they begin; `more` are further entries, as bytes.

    The tensors follow each other without gaps, whatever their offsets were.
    """
    entries = [*(_entry(key, value) for key, value in metadata.items()), *more]
    head = b"GGUF" + pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries)
    content = head + b"".join(_tensors(tensors, alignment))
    return content.ljust(padded(len(content), alignment), b"\0")


def texts(key: str, items: Iterable[str]) -> bytes:
    """An entry whose value is a list of texts."""
    raw = [_text(item) for item in items]
    return _text(key) + pack("<IIQ", _ARRAY, _STRING, len(raw)) + b"".join(raw)


def numbers(key: str, items: Sequence[int]) -> bytes:
    """An entry whose value is a list of whole numbers."""
    return _text(key) + pack("<IIQ", _ARRAY, _INT32, len(items)) + Struct(f"<{len(items)}i").pack(*items)


def padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _tensors(tensors: Sequence[TensorInfo], alignment: int) -> Iterator[bytes]:
    offset = 0
    for tensor in tensors:
        dimensions = len(tensor.shape)
        shape = pack(f"<I{dimensions}Q", dimensions, *tensor.shape)
        yield _text(tensor.name) + shape + pack("<IQ", TYPE_NUMBERS[tensor.type], offset)
        offset += padded(tensor.size_bytes, alignment)


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
