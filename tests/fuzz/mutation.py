"""Sound and unsound headers to start from, and ways to make others of them.

Knows where no field begins: numbers that matter are written anywhere. Needs neither pytest nor a fuzzer.
"""

from __future__ import annotations

import random
from struct import pack

from tests.core.gguf_bytes import ARRAY, BOOL, F64, I64, STRING, U16, U32, GgufBytes, small_file
from tests.core.gguf_faults import HOSTILE, OTHER_FILES

LONGEST = 1 << 14
NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    9,
    12,
    13,
    31,
    32,
    33,
    2**15,
    2**16,
    2**24,
    2**31,
    2**32 - 1,
    2**60,
    2**63,
    2**64 - 1,
)


def seeds() -> list[bytes]:
    """Sound headers in each version and byte order, many times, one for each known fault, and other files."""
    sound = [small_file(), *(_varied(version, order) for version in (2, 3) for order in "<>")]
    faulty = [file for file, _ in HOSTILE.values()]
    cut = [bytes(small_file())[:length] for length in (3, 8, 24)]
    found = [*map(bytes, [*sound * 20, *faulty]), *cut, *(start for start, _ in OTHER_FILES)]
    return [data for data in found if len(data) <= LONGEST]


def _varied(version: int, order: str) -> GgufBytes:
    file = GgufBytes(version=version, order=order, alignment=64, data=bytes(128))
    file.entry("general.architecture", STRING, file.text("llama"))
    file.entry("general.alignment", U32, file.pack("I", 64))
    file.entry("split.no", U16, file.pack("H", 0)).entry("split.count", U16, file.pack("H", 2))
    file.entry("small", F64, file.pack("d", 1e-9)).entry("large", I64, file.pack("q", -(2**63)))
    file.array("numbers", U32, 1200, file.pack("1200I", *range(1200)))
    file.array("words", STRING, 400, file.text("word") * 400)
    file.array("truths", BOOL, 5, b"\0\1\2\3\xff")
    file.array("nested", ARRAY, 1, file.pack("IQIQ", ARRAY, 1, STRING, 1) + file.text("deep"))
    return file.tensor("a", (32,)).tensor("b", (256, 2), kind=12, offset=128)


def mutated(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """The bytes with one to four changes."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        _change(changed, others, dice)
    return bytes(changed[:LONGEST])


def _change(data: bytearray, others: list[bytes], dice: random.Random) -> None:
    """Most changes leave the counts at the start alone, since little is read where they are wrong."""
    first = 0 if dice.random() < 0.1 else min(24, len(data))
    at = dice.randint(first, len(data))
    length = dice.choice((1, 1, 2, 4, 8, 8, 12, 64))
    match dice.randrange(6):
        case 0:
            data[at : at + length] = dice.randbytes(length)
        case 1:
            layout = dice.choice("<>") + dice.choice("HIQ")
            number = dice.choice(NUMBERS) % 2 ** (8 * len(pack(layout, 0)))
            data[at : at + len(pack(layout, 0))] = pack(layout, number)
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = data[at : at + length]
        case 4:
            other = dice.choice(others)
            data[at:] = other[dice.randrange(len(other) + 1) :]
        case _:
            del data[at:]
