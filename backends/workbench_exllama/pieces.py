"""The bytes of a tokenizer's tokens, from tokenizer.json: byte-level, or words with marks for spaces.

Knows nothing of how text is split into tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SPACE = "▁"


def spelling(document: dict[str, Any]) -> Callable[[str], bytes]:
    """From a token as the vocabulary of tokenizer.json writes it to the bytes it stands for."""
    kinds = set(_kinds(document.get("decoder"))) | set(_kinds(document.get("pre_tokenizer")))
    return _byte_level if "ByteLevel" in kinds else _marked


def _kinds(part: object) -> Iterator[str]:
    """The types of a decoder or pre-tokenizer, and of those that it is made of."""
    if isinstance(part, dict):
        yield str(part.get("type"))
        for within in (*part.get("decoders", ()), *part.get("pretokenizers", ())):
            yield from _kinds(within)


def _byte_level(token: str) -> bytes:
    """As GPT-2 writes bytes: those that print as their letters, the others as letters from U+0100 on."""
    try:
        return bytes(_LETTERS[letter] for letter in token)
    except KeyError:
        return token.encode()


def _marked(token: str) -> bytes:
    """As SentencePiece writes them: single bytes by their numbers, and a bar for each space."""
    if match := _BYTE.fullmatch(token):
        return bytes([int(match[1], 16)])
    return token.replace(_SPACE, " ").encode()


def _letters() -> dict[str, int]:
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {chr(0x100 + at): byte for at, byte in enumerate(others)}


_LETTERS = _letters()
