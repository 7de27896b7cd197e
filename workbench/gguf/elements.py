"""The elements of an array, from their bytes: numbers stay packed, strings become text, arrays tuples.

Knows nothing of files. Bytes that do not hold what they should raise any exception, at no great cost.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from struct import Struct, calcsize, unpack_from
from typing import Any

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

_NATIVE = "<" if sys.byteorder == "little" else ">"
_WORDS = {2: "H", 4: "I", 8: "Q"}
_TRUTH = b"\0" + b"\1" * 255


def decoded(raw: bytes, element: int, count: int, byte_order: str) -> Sequence[Any]:
    """The elements, which take up all of the bytes. Numbers and bools take as much memory as in the file."""
    if element in NUMBERS:
        return _numbers(raw, NUMBERS[element], count, byte_order)
    items, end = _decoded_at(raw, 0, element, count, byte_order)
    if end != len(raw):
        raise ValueError("the elements end elsewhere")
    return items


def _numbers(raw: bytes, letter: str, count: int, byte_order: str) -> memoryview:
    size = calcsize("=" + letter)
    if len(raw) != count * size:
        raise ValueError("the elements end elsewhere")
    if letter == "?":
        raw = raw.translate(_TRUTH)
    elif size > 1 and byte_order != _NATIVE:
        words = array(_WORDS[size], raw)
        words.byteswap()
        raw = words.tobytes()
    return memoryview(raw).cast(letter)  # type: ignore[call-overload, no-any-return]


def _decoded_at(raw: bytes, at: int, element: int, count: int, order: str) -> tuple[tuple[Any, ...], int]:
    """The `count` elements that begin at `at`, and where they end."""
    if element == STRING:
        return _strings(raw, at, count, order)
    if element == ARRAY:
        return _arrays(raw, at, count, order)
    struct = Struct(f"{order}{count}{NUMBERS[element]}")
    return struct.unpack_from(raw, at), at + struct.size


def _strings(raw: bytes, at: int, count: int, order: str) -> tuple[tuple[str, ...], int]:
    length_at = Struct(order + "Q").unpack_from
    strings = []
    for _ in range(count):
        (length,) = length_at(raw, at)
        start, at = at + 8, at + 8 + length
        strings.append(raw[start:at].decode("utf-8", "replace"))
    return tuple(strings), at


def _arrays(raw: bytes, at: int, count: int, order: str) -> tuple[tuple[Any, ...], int]:
    arrays = []
    for _ in range(count):
        element, length = unpack_from(order + "IQ", raw, at)
        items, at = _decoded_at(raw, at + 12, element, length, order)
        arrays.append(items)
    return tuple(arrays), at
