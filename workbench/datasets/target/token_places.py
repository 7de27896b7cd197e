"""Tokens of a text, each with its place in it. Knows no tokenizer, only which bytes a token stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from workbench.errors import Unsupported

_SPACE = re.compile(rb"\s+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text: `ids`, and for each the characters from `starts` to `ends` that it stands for.

    Tokens that were added to the text stand for none; parts of a character stand for all of it.
    """

    ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


def placed(text: str, ids: Sequence[int], pieces: Sequence[bytes]) -> Tokens:
    """The tokens with these bytes, in characters of the text. Raises as byte_places."""
    data = text.encode()
    starts, ends = byte_places(data, pieces)
    if len(data) == len(text):
        return Tokens(tuple(ids), tuple(starts), tuple(ends))
    number = _character_of_byte(data)
    opens, closes = np.array(starts, np.int64), np.array(ends, np.int64)
    last = np.where(closes > opens, number[closes - 1] + 1, number[closes])
    return Tokens(tuple(ids), tuple(number[opens].tolist()), tuple(last.tolist()))


def byte_places(data: bytes, pieces: Sequence[bytes]) -> tuple[list[int], list[int]]:
    """Where each piece begins and ends in the data.

    Tokenizers may add tokens and a space before words, and leave out space beside control tokens.
    """
    if in_a_row := _in_a_row(data, pieces):
        return in_a_row
    starts, ends, at = list[int](), list[int](), 0
    for number, piece in enumerate(pieces):
        begin, length = _found(data, at, piece)
        if begin is None:
            later = pieces[number + 1] if number + 1 < len(pieces) else b""
            begin, length = at, _unknown_length(data, at, later)
        at = begin + length
        starts.append(begin)
        ends.append(at)
    if data[at:].strip():
        raise Unsupported(
            "This model's tokens do not spell the text, so it cannot be told which of them are trained.",
            "Take a model whose tokenizer keeps the text as it is.",
        )
    return starts, ends


def _in_a_row(data: bytes, pieces: Sequence[bytes]) -> tuple[list[int], list[int]] | None:
    """Their places where the pieces make up the data, all of them or all but a first one that was added."""
    added = int(bool(pieces) and _found(data, 0, pieces[0])[0] is None)
    if b"".join(pieces[added:]) != data:
        return None
    ends = [*[0] * added, *accumulate(map(len, pieces[added:]))]
    return [0, *ends][: len(ends)], ends


def _found(data: bytes, at: int, piece: bytes) -> tuple[int | None, int]:
    """Where the piece begins, and how many bytes of it are in the data; None where it is not next."""
    if data.startswith(piece, at):
        return at, len(piece)
    space = _SPACE.match(data, at)
    for start in (at, space.end()) if space else (at,):
        for spelled in (piece, piece.removeprefix(b" ")):
            if data.startswith(spelled, start):
                return start, len(spelled)
    return None, 0


def _unknown_length(data: bytes, at: int, later: bytes) -> int:
    """Bytes that a token without a text of its own stands for: one character, or none if it was added."""
    if not later or _found(data, at, later)[0] is not None:
        return 0
    length = 1
    while at + length < len(data) and data[at + length] & 0xC0 == 0x80:
        length += 1
    return length


def _character_of_byte(data: bytes) -> NDArray[np.int64]:
    """For each byte of the text, and for its end, the number of the character there."""
    begins = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
    return np.append(np.cumsum(begins) - 1, np.count_nonzero(begins))
