"""SentencePiece models: tokenizer.model, a protocol buffer of which a few fields are needed.

ModelProto       1 pieces (repeated): 1 text, 2 score, 3 type    2 trainer    3 normalizer
TrainerSpec      3 kind: 1 Unigram, 2 BPE    40 unk    41 bos    42 eos    43 pad
NormalizerSpec   2 table of characters    3 space in front    4 spaces collapsed
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from workbench.conversion.tokenizers.vocabulary import TokenType, Vocabulary
from workbench.errors import InvalidModel, Unsupported

_MAX_BYTES = 128 << 20
_UNIGRAM, _BPE = 1, 2
_ROLES = {"unk": (40, 0), "bos": (41, 1), "eos": (42, 2), "pad": (43, -1)}
Fields = dict[int, list[bytes | int]]


def sentence_piece(path: Path) -> Vocabulary:
    """The vocabulary of the file; raises InvalidModel where it is not sound, Unsupported for other kinds."""
    with open(path, "rb") as file:
        content = file.read(_MAX_BYTES + 1)
    try:
        model = _fields(content)
        pieces = [_fields(_bytes(piece)) for piece in model.get(1, [])]
        trainer, normalizer = (_fields(_bytes(model.get(number, [b""])[-1])) for number in (2, 3))
        found = _vocabulary(pieces, trainer, normalizer)
    except (IndexError, ValueError, struct.error) as error:
        raise InvalidModel(
            f"{path.name} is no sound SentencePiece model.", "Fetch the model again."
        ) from error
    if not found.tokens:
        raise InvalidModel(f"{path.name} has no tokens.", "Fetch the model again.")
    return found


def _vocabulary(pieces: list[Fields], trainer: Fields, normalizer: Fields) -> Vocabulary:
    kind = _number(trainer, 3, _UNIGRAM)
    if kind not in (_UNIGRAM, _BPE):
        raise Unsupported("The SentencePiece model splits by words or characters, which llama.cpp does not.")
    found = Vocabulary(
        "llama" if kind == _BPE else "t5",
        "default",
        tokens=[_bytes(piece.get(1, [b""])[-1]).decode() for piece in pieces],
        types=[int(TokenType(_number(piece, 3, TokenType.NORMAL))) for piece in pieces],
        scores=[_score(piece) for piece in pieces],
        options={"add_space_prefix": bool(_number(normalizer, 3, 1))},
    )
    for role, (field, usual) in _ROLES.items():
        identity = _number(trainer, field, usual)
        if 0 <= identity < len(pieces):
            found.special_ids[role] = identity
    charsmap = _bytes(normalizer.get(2, [b""])[-1])
    if kind == _UNIGRAM:
        found.charsmap = charsmap
        found.options["remove_extra_whitespaces"] = bool(_number(normalizer, 4, 1))
    elif charsmap or _number(normalizer, 4, 1):
        found.notes.append("llama.cpp does not normalize text and its spaces first, as this tokenizer does.")
    return found


def _score(piece: Fields) -> float:
    raw = piece.get(2, [0])[-1]
    return float(struct.unpack("<f", struct.pack("<I", raw))[0])


def _number(fields: Fields, number: int, default: int) -> int:
    value = fields.get(number, [default])[-1]
    if not isinstance(value, int):
        raise ValueError(number)
    return value - 2**64 if value >= 2**63 else value


def _bytes(value: bytes | int) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError(value)
    return value


def _fields(message: bytes) -> Fields:
    """The values of a message by field number: numbers as they stand, everything with a length as bytes."""
    found: Fields = {}
    for number, value in _walk(message):
        found.setdefault(number, []).append(value)
    return found


def _walk(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
                yield tag >> 3, value
                continue
            case 1:
                length = 8
            case 2:
                length, at = _varint(message, at)
            case 5:
                length = 4
            case _:
                raise ValueError(tag)
        if at + length > len(message):
            raise ValueError(length)
        part, at = message[at : at + length], at + length
        yield tag >> 3, int.from_bytes(part, "little") if tag & 7 == 5 else part


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(at)
