"""Shingles, which are k words in a row, as hashes: of many texts at once, on arrays of bytes.

A word is what stands between white space and punctuation, whatever its case; each letter of Chinese and
Japanese is one too. A text with fewer words than k is one shingle. Hashes are the same in every process and
on every machine. A word's is the difference of two sums of letters, each times a power of an odd number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
MOST_LETTERS = 1_000_000
"""Of a longer text only the beginning is looked at."""
_ODD = 0x9E3779B97F4A7C15
_INVERSE = pow(_ODD, -1, 1 << 64)
_VALUES = np.zeros(256, np.uint64)
_VALUES[[ord(letter) for letter in "abcdefghijklmnopqrstuvwxyz0123456789_"]] = range(1, 38)
_VALUES[128:] = range(128, 256)
_BYTES_AT_ONCE = 1 << 18


def shingles_of(texts: Sequence[str], words: int) -> tuple[Hashes, NDArray[np.int64]]:
    """The shingles of all texts one after the other, and how many each text has."""
    found = [_shingles(batch, words) for batch in _batches(texts)]
    return np.concatenate([hashes for hashes, _ in found]), np.concatenate([counts for _, counts in found])


def _batches(texts: Sequence[str]) -> Iterator[list[bytes]]:
    """The texts in lower case, not many bytes at once."""
    batch, size = list[bytes](), 0
    for text in texts:
        encoded = text[:MOST_LETTERS].lower().encode("utf-8", "surrogatepass")
        if batch and size + len(encoded) > _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(encoded)
        size += len(encoded) + 1
    yield batch


def _shingles(texts: list[bytes], words: int) -> tuple[Hashes, NDArray[np.int64]]:
    letters = np.frombuffer(b" ".join([*texts, b""]), np.uint8)
    hashes, starts = _words(letters)
    ends = np.searchsorted(starts, np.cumsum([len(text) + 1 for text in texts]))
    count = np.diff(ends, prepend=0)
    text = np.repeat(np.arange(len(texts)), count)
    rolled = _rolled(hashes, words)
    whole = text[: len(rolled)] == text[words - 1 :] if len(rolled) else np.zeros(0, bool)
    short = np.flatnonzero((count > 0) & (count < words))
    if not len(short):
        return rolled[whole], np.maximum(count - words + 1, 0)
    singles = np.array([_whole(hashes[ends[at] - count[at] : ends[at]]) for at in short], np.uint64)
    owners = np.concatenate((text[: len(rolled)][whole], short))
    order = np.argsort(owners, kind="stable")
    return np.concatenate((rolled[whole], singles))[order], np.bincount(owners, minlength=len(texts))


def _words(letters: NDArray[np.uint8]) -> tuple[Hashes, NDArray[np.int64]]:
    """The hash of each word, and where it starts."""
    values = _VALUES[letters]
    inside = values > 0
    starting = inside.copy()
    starting[1:] &= ~inside[:-1]
    alone = (letters >= 0xE3) & (letters <= 0xE9)  # where letters of three bytes begin that are words
    if alone.any():
        starting |= alone
        starting[3:] |= alone[:-3] & inside[3:]
    starts = np.flatnonzero(starting)
    power, inverse = _powers(len(letters))
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(values * power, dtype=np.uint64)))
    edges = np.append(starts, len(letters))
    return _mixed((sums[edges[1:]] - sums[edges[:-1]]) * inverse[starts]), starts


def _rolled(hashes: Hashes, words: int) -> Hashes:
    """The hash of each run of so many words, those across texts as well."""
    length = max(len(hashes) - words + 1, 0)
    rolled = hashes[:length]
    for place in range(1, words):
        rolled = rolled * np.uint64(_ODD) + hashes[place : place + length]
    return _mixed(rolled)


def _whole(hashes: Hashes) -> int:
    total = 0
    for one in hashes.tolist():
        total = (total * _ODD + one) & 0xFFFF_FFFF_FFFF_FFFF
    return total


def _mixed(hashes: Hashes) -> Hashes:
    """Every bit depends on every other."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


_known = (np.ones(1, np.uint64), np.ones(1, np.uint64))


def _powers(length: int) -> tuple[Hashes, Hashes]:
    """The powers from 0 on of the odd number and of its inverse."""
    global _known
    if len(_known[0]) < length:
        size = max(length, _BYTES_AT_ONCE + 1)
        ramp = np.full(size, _ODD, np.uint64), np.full(size, _INVERSE, np.uint64)
        for one in ramp:
            one[0] = 1
        _known = (np.cumprod(ramp[0], dtype=np.uint64), np.cumprod(ramp[1], dtype=np.uint64))
    return _known[0][:length], _known[1][:length]
