"""How images and sounds stand among the tokens of a prompt: as rows of negative numbers.

A medium has as many rows as it takes of the context. Their numbers come from its hash, so prompts with media
are compared number by number like any others. The last row of each tells that it ends there, and how many
positions it takes, which with M-RoPE are fewer than its rows. Knows nothing of what is in a medium.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.int32]

_LOWEST_LAST = -(1 << 30)
"""Numbers from here to -1 are last rows; those below are the rows before them."""
_POSITIONS = (1 << 16) - 1
MOST_POSITIONS = _POSITIONS
_SURE = 5
"""Fewer rows than this have too little of the hash in them to stand for one medium alone."""


def rows_of(digest: bytes, count: int, positions: int) -> Rows:
    """The rows, shape (count,), of the medium with this hash. Some that are too few match no others."""
    salt = secrets.token_bytes(16) if count < _SURE else b""
    drawn = np.frombuffer(hashlib.shake_256(digest + salt).digest(4 * count), np.int32)
    rows = (drawn & 0x3FFFFFFF) - np.int32(2**31 - 1) - np.int32(1)
    rows[-1] = _LOWEST_LAST + ((drawn[-1] & 0x3FFF) << 16) + positions
    return rows


def whole(tokens: Rows, length: int) -> int:
    """The most of the first `length` tokens that ends within no medium."""
    if not length or tokens[length - 1] >= _LOWEST_LAST:
        return length
    ends = np.flatnonzero(tokens[:length] >= _LOWEST_LAST)
    return int(ends[-1]) + 1 if len(ends) else 0


def positions_of(tokens: Rows) -> int:
    """How many positions the tokens take; whole media only."""
    media = tokens[tokens < 0]
    if not len(media):
        return len(tokens)
    lasts = media[media >= _LOWEST_LAST]
    return len(tokens) - len(media) + int((lasts & _POSITIONS).sum())
