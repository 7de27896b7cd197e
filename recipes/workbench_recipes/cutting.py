"""A text cut into pieces that are not longer than they may be: at lines, else sentences, else words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

Sizes = Callable[[Sequence[str]], Sequence[int]]
"""How long texts are, in characters or tokens."""
_BORDERS = (
    re.compile(r"\n+"),
    re.compile(r"(?<=[.!?…][\s\"'”’»)\]])\s*|(?<=[。！？])"),
    re.compile(r"\s+"),
)


def cut(text: str, most: int, sizes: Sizes) -> list[str]:
    """The pieces, in their order, of at most `most` each; one character is never cut."""
    return [piece for piece in (one.strip("\n ") for one in _cut(text, most, sizes, 0)) if piece]


def _cut(text: str, most: int, sizes: Sizes, border: int) -> Iterator[str]:
    if sizes([text])[0] <= most or len(text) < 2:
        yield text
    elif border == len(_BORDERS):
        middle = len(text) // 2
        for half in (text[:middle], text[middle:]):
            yield from _cut(half, most, sizes, border)
    else:
        for piece in _packed(_split(text, _BORDERS[border]), most, sizes):
            yield from _cut(piece, most, sizes, border + 1)


def _split(text: str, border: re.Pattern[str]) -> list[str]:
    places = [0, *(found.end() for found in border.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(places) if end > start]


def _packed(parts: Sequence[str], most: int, sizes: Sizes) -> Iterator[str]:
    """As many parts together as fit."""
    held, length = list[str](), 0
    for part, size in zip(parts, sizes(parts), strict=True):
        if held and length + size > most:
            yield "".join(held)
            held, length = [], 0
        held.append(part)
        length += size
    if held:
        yield "".join(held)
