"""Arrays in the metadata, decoded when asked for: a tokenizer has hundreds of thousands of strings.

Knows how to pass over them in a header, and which of their bytes to keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from struct import calcsize, pack
from typing import Any, overload

from workbench.gguf.cursor import Cursor
from workbench.gguf.elements import ARRAY, NUMBERS, STRING, decoded
from workbench.gguf.faults import damaged
from workbench.gguf.source import ByteSource, BytesSource

MAX_NESTING = 4
MAX_NESTED_ARRAYS = 1 << 16
MAX_STRINGS = 1 << 22
"""In all arrays together: five times what the largest vocabulary takes with its merges."""
KEPT_BYTES = 4096
"""Arrays up to this size are kept as bytes; longer ones are read again when they are asked for."""


class Array(Sequence[Any]):
    """A sequence of bools, numbers, strings or tuples. Its length is free; its first element reads it all."""

    def __init__(
        self, source: ByteSource, offset: int, size: int, *, element: int, count: int, byte_order: str
    ) -> None:
        self._source = source
        self._offset = offset
        self._size = size
        self._element = element
        self._count = count
        self._byte_order = byte_order

    @property
    def element_type(self) -> int:
        """The number that GGUF gives the type of the elements."""
        return self._element

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        found = self._items[index]
        return tuple(found) if isinstance(index, slice) else found

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __repr__(self) -> str:
        return f"<Array of {self._count}>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_items"}

    @cached_property
    def _items(self) -> Sequence[Any]:
        raw = self._source.read(self._offset, self._size)
        try:
            return decoded(raw, self._element, self._count, self._byte_order)
        except Exception as error:  # the bytes are no longer those that were checked
            raise damaged(self._source.name, "changed after its header was read", "Read it again.") from error


def array_of(name: str, element: int, items: Sequence[Any]) -> Array:
    """An array of numbers, bools or strings that were never in a file; `name` is for messages."""
    if element == STRING:
        encoded = [str(item).encode("utf-8", "surrogatepass") for item in items]
        raw = b"".join(pack("<Q", len(text)) + text for text in encoded)
    else:
        raw = pack(f"<{len(items)}{NUMBERS[element]}", *items)
    return Array(BytesSource(raw, name), 0, len(raw), element=element, count=len(items), byte_order="<")


def read_array(cursor: Cursor) -> Array:
    """The array at the cursor, checked to lie inside the file. Raises InvalidModel."""
    element, count = cursor.unpack("IQ")
    source, offset = cursor.source, cursor.position
    _skip(cursor, element, count, 1)
    size = cursor.position - offset
    if size <= KEPT_BYTES:
        source, offset = BytesSource(cursor.since(offset), source.name), 0
    return Array(source, offset, size, element=element, count=count, byte_order=cursor.byte_order)


def _skip(cursor: Cursor, element: int, count: int, depth: int) -> None:
    if count * _smallest(cursor, element) > cursor.remaining:
        raise damaged(
            cursor.source.name, f"claims {count} elements in {cursor.reading}, more than the file can hold"
        )
    if element == STRING:
        _skip_strings(cursor, count)
    elif element == ARRAY:
        _skip_arrays(cursor, count, depth + 1)
    else:
        cursor.skip(count * _smallest(cursor, element))


def _skip_strings(cursor: Cursor, count: int) -> None:
    cursor.array_strings += count
    if cursor.array_strings > MAX_STRINGS:
        raise damaged(
            cursor.source.name, f"has more than {MAX_STRINGS} strings in arrays, at {cursor.reading}"
        )
    cursor.skip_strings(count)


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
