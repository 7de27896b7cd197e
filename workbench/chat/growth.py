"""How large values are, and how large the results of text operations will be, told before they are built.

Sizes are in characters; a value that holds others counts as many as it takes bytes. Knows nothing of
templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_WIDTH = re.compile(r"\d{5,}|%[^a-zA-Z%]*\*|\{[^{}]*\{")
"""A width of five digits in a format, or one that is only given with the values."""


VALUE = 64
"""Bytes that a value takes at least, beside its characters."""


def extent(value: Any, limit: int) -> int:
    """How much there is to write out of it; counting ends soon after `limit`."""
    waiting, count = [value], 0
    while waiting and count <= limit:
        item = waiting.pop()
        count += VALUE
        if isinstance(item, str | bytes):
            count += len(item)
        elif isinstance(item, int):
            count += item.bit_length() // 8
        elif isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
    return count


def result_size(operation: str, values: list[Any], named: dict[str, Any], limit: int) -> int:
    """What an operator, method or filter of that name makes of `values`, the subject first.

    0 where the result cannot be larger than what it is made of; above `limit` where it cannot be told.
    """
    size = _SIZES.get(operation)
    if size is None or not values:
        return 0
    return size([*values, *named.values()], limit)


def _power(values: list[Any], limit: int) -> int:
    base, exponent = values[:2]
    if not isinstance(base, int) or not isinstance(exponent, int):
        return 0
    return base.bit_length() * abs(exponent)


def _product(values: list[Any], limit: int) -> int:
    left, right = values[:2]
    if hasattr(left, "__len__"):
        left, right = right, left
    if not isinstance(left, int):
        return 0
    if hasattr(right, "__len__"):
        return left * min(len(right), limit) if left > 0 else 0
    return (left.bit_length() + right.bit_length()) // 8 if isinstance(right, int) else 0


def _sum(values: list[Any], limit: int) -> int:
    return sum(len(value) for value in values[:2] if hasattr(value, "__len__"))


def _formatted(values: list[Any], limit: int) -> int:
    if isinstance(values[0], str | bytes):
        text = values[0] if isinstance(values[0], str) else values[0].decode("latin-1")
        if _WIDTH.search(text):
            return limit + 1
        placeholders = 1 + text.count("%") + text.count("{")
        return len(text) + placeholders * extent(values[1:], limit)
    return 0


def _replaced(values: list[Any], limit: int) -> int:
    if len(values) < 3:
        return 0
    text, old, new = (
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in values[:3]
    )
    return len(text) + text.count(old) * len(new)


def _joined(values: list[Any], limit: int) -> int:
    """Both ", ".join(items) and items | join(", "): every item may be followed by the other."""
    sized = [value for value in values if hasattr(value, "__len__")]
    extents = [extent(value, limit) for value in sized]
    rounds = max((len(value) for value in sized), default=1)
    glue = sum(len(value) for value in sized if isinstance(value, str | bytes))
    return sum(extents) + min(rounds * glue, limit + 1)


def _indented(values: list[Any], limit: int) -> int:
    text, width = str(values[0]), values[1] if len(values) > 1 else 4
    return (text.count("\n") + 1) * (len(width) if isinstance(width, str) else int(width)) + len(text)


def _written(values: list[Any], limit: int) -> int:
    """Text made of a value: its indentation counts for each part of it."""
    numbers = [value for value in values[1:] if isinstance(value, int) and not isinstance(value, bool)]
    texts = [len(value) for value in values[1:] if isinstance(value, str)]
    return extent(values[0], limit) // VALUE * (1 + max(numbers, default=0) + max(texts, default=0))


def _translated(values: list[Any], limit: int) -> int:
    return len(values[0]) * (1 + max((extent(value, limit) for value in values[1:]), default=0))


_SIZES: dict[str, Callable[[list[Any], int], int]] = {
    "**": _power,
    "*": _product,
    "+": _sum,
    "%": _formatted,
    "format": _formatted,
    "format_map": _formatted,
    "replace": _replaced,
    "join": _joined,
    "indent": _indented,
    "tojson": _written,
    "string": _written,
    "expandtabs": _translated,
    "translate": _translated,
    "batch": _translated,
}
