"""What must hold for the header reader on any bytes at all.

It ends in a header or in one InvalidModel, the same when the bytes come in pieces, none of them twice. The
arrays of a header can be read, or say that they changed. Anything else is an AssertionError or another
exception. Needs neither pytest nor a fuzzer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from zlib import crc32

from workbench.errors import InvalidModel
from workbench.gguf import (
    Array,
    BytesSource,
    GrowingSource,
    Header,
    check_whole,
    joined,
    parse,
    parse_first_window,
)

NAME = "file.gguf"
_PARTICULAR = (
    (r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "NAME"),
    (r"(?<=the bytes ).*(?=\.$)", "BYTES"),
    (r"\b[A-Z]+\d\w*", "TYPE"),
    (r"\d+", "N"),
)


class Miserly(BytesSource):
    """Gives no byte that was not asked for."""

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        return offset, self.read(offset, length)


def examine(data: bytes) -> str:
    """Read the bytes in every way; the sentence of the one error, or "" for a header."""
    result, whole = _outcome(lambda: parse(BytesSource(data, NAME)))
    dice = random.Random(crc32(data))
    grown = _growing(data, dice)
    error, header = _outcome(lambda: parse(grown))
    assert error == result and grown.bytes_fetched <= len(data)
    error, again = _outcome(lambda: parse(Miserly(data, NAME)))
    assert error == result
    _examine_start(data, dice, result, whole)
    if header is None or whole is None or again is None:
        return result
    assert _plain(header) == _plain(whole) == _plain(again)
    _ask_everything(header)
    _outcome(lambda: joined([header, whole]))
    _examine_change(data, dice)
    return result


def kind_of(sentence: str) -> str:
    """The sentence without what is particular to a file: its numbers and its own words."""
    for pattern, word in _PARTICULAR:
        sentence = re.sub(pattern, word, sentence)
    return sentence


def _outcome(read: Callable[[], Header]) -> tuple[str, Header | None]:
    try:
        return "", read()
    except InvalidModel as error:
        _examine_error(error)
        return error.message, None


def _examine_error(error: InvalidModel) -> None:
    message = error.message
    assert message.startswith(f"{NAME} ") and message.endswith(".") and error.remedy.endswith(".")
    assert message.isascii() and message.isprintable() and len(message) < 300


def _growing(data: bytes, dice: random.Random) -> GrowingSource:
    """The bytes as a slow source whose windows and answers end anywhere."""

    def fetch(offset: int, length: int) -> bytes:
        assert length > 0 and offset + length <= len(data)
        return data[offset : offset + dice.randint(1, length)]

    return GrowingSource(fetch, len(data), NAME, first=dice.choice((1, 2, 8, 64, 4096)))


def _examine_start(data: bytes, dice: random.Random, result: str, whole: Header | None) -> None:
    try:
        metadata = parse_first_window(_growing(data, dice))
    except InvalidModel as error:
        assert error.message == result
        return
    if whole is not None:
        assert [*whole.metadata][: len(metadata)] == [*metadata]


def _plain(header: Header) -> str:
    metadata = {
        key: tuple(value) if isinstance(value, Array) else value for key, value in header.metadata.items()
    }
    return repr((header.version, header.byte_order, metadata, header.tensors, header.alignment, header.files))


def _ask_everything(header: Header) -> None:
    for name, value in vars(Header).items():
        if isinstance(value, property):
            getattr(header, name)
    try:
        check_whole(header)
    except InvalidModel as error:
        _examine_error(error)


def _examine_change(data: bytes, dice: random.Random) -> None:
    """The file is another by the time that its arrays are read."""
    changed = bytearray(data)
    now = data
    header = parse(
        GrowingSource(lambda offset, length: now[offset : offset + length], len(data), NAME, first=1)
    )
    for _ in range(dice.randint(1, 8)):
        changed[dice.randrange(len(data))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
    now = bytes(changed)[: dice.choice((None, len(data) // 2))]
    for value in header.metadata.values():
        if isinstance(value, Array):
            try:
                list(value)
            except InvalidModel as error:
                _examine_error(error)
