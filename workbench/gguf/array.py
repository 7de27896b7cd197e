"""Arrays in the metadata, decoded when asked for: a tokenizer has hundreds of thousands of strings.

Knows how elements are stored: to pass over them in the header, and to decode them later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from struct import Struct, calcsize, unpack_from
from typing import Any, overload

from workbench.gguf.cursor import Cursor
from workbench.gguf.faults import damaged
from workbench.gguf.source import ByteSource, BytesSource

STRING, ARRAY = 8, 9
NUMBERS: dict[int, str] = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
"""The `struct` letter of each value type that is a number or a bool."""

MAX_NESTING = 4
MAX_NESTED_ARRAYS = 1 << 16
KEPT_BYTES = 4096
"""Arrays up to this size are kept as bytes; longer ones are read again when they are asked for."""


class Array(Sequence[Any]):
    """A sequence of bools, numbers, strings or tuples. Its length is free; the first element decodes all."""

    def __init__(
        self, source: ByteSource, offset: int, size: int, *, element: int, count: int, byte_order: str
    ) -> None:
        self._source = source
        self._offset = offset
        self._size = size
        self._element = element
        self._count = count
        self._byte_order = byte_order

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._items[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __repr__(self) -> str:
        return f"<Array of {self._count}>"

    @cached_property
    def _items(self) -> tuple[Any, ...]:
        raw = self._source.read(self._offset, self._size)
        try:
            return _decode(raw, 0, self._element, self._count, self._byte_order)[0]
        except Exception as error:  # the bytes are no longer those that were checked
            raise damaged(self._source.name, "changed after its header was read", "Read it again.") from error


def read_array(cursor: Cursor) -> Array:
    """The array at the cursor, checked to lie inside the file. Raises InvalidModel."""
    element, count = cursor.unpack("IQ")
    source, offset = cursor.source, cursor.position
    _skip(cursor, element, count, 1)
    size = cursor.position - offset
    if size <= KEPT_BYTES:
        source, offset = BytesSource(source.read(offset, size), source.name), 0
    return Array(source, offset, size, element=element, count=count, byte_order=cursor.byte_order)


def _skip(cursor: Cursor, element: int, count: int, depth: int) -> None:
    if count * _smallest(cursor, element) > cursor.remaining:
        raise damaged(
            cursor.source.name, f"claims {count} elements in {cursor.reading}, more than the file can hold"
        )
    if element == STRING:
        cursor.skip_strings(count)
    elif element == ARRAY:
        _skip_arrays(cursor, count, depth + 1)
    else:
        cursor.skip(count * _smallest(cursor, element))


def _skip_arrays(cursor: Cursor, count: int, depth: int) -> None:
    cursor.nested_arrays += count
    if depth > MAX_NESTING or cursor.nested_arrays > MAX_NESTED_ARRAYS:
        raise damaged(cursor.source.name, f"nests arrays too deep or too often in {cursor.reading}")
    for _ in range(count):
        element, length = cursor.unpack("IQ")
        _skip(cursor, element, length, depth)


def _smallest(cursor: Cursor, element: int) -> int:
    """The bytes that an element takes, at least."""
    if element in NUMBERS:
        return calcsize("=" + NUMBERS[element])
    if element not in (STRING, ARRAY):
        raise damaged(cursor.source.name, f"has the unknown element type {element} in {cursor.reading}")
    return 8 if element == STRING else 12


def _decode(raw: bytes, at: int, element: int, count: int, order: str) -> tuple[tuple[Any, ...], int]:
    """The `count` elements that begin at `at`, and where they end."""
    if element == STRING:
        return _decode_strings(raw, at, count, order)
    if element == ARRAY:
        return _decode_arrays(raw, at, count, order)
    struct = Struct(f"{order}{count}{NUMBERS[element]}")
    return struct.unpack_from(raw, at), at + struct.size


def _decode_strings(raw: bytes, at: int, count: int, order: str) -> tuple[tuple[str, ...], int]:
    length_at = Struct(order + "Q").unpack_from
    strings = []
    for _ in range(count):
        (length,) = length_at(raw, at)
        start, at = at + 8, at + 8 + length
        strings.append(raw[start:at].decode("utf-8", "replace"))
    return tuple(strings), at


def _decode_arrays(raw: bytes, at: int, count: int, order: str) -> tuple[tuple[Any, ...], int]:
    arrays = []
    for _ in range(count):
        element, length = unpack_from(order + "IQ", raw, at)
        items, at = _decode(raw, at + 12, element, length, order)
        arrays.append(items)
    return tuple(arrays), at
