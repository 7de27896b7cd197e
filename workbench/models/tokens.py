"""Cuts text by a model's own tokens, so that what is left is whole characters and no longer than asked.

Knows no model; it is given an opened one, of which the vocabulary is enough.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from workbench.backend import Provider


async def truncated(provider: Provider, text: str, most: int, *, special: bool = False) -> str:
    """The longest beginning of the text that ends with one of its first `most` tokens and stays within them.

    Tokenizers that change text, such as to small letters, give back what they read.
    """
    tokens = await provider.tokenize(text, special=special)
    if len(tokens) <= most:
        return text
    pieces = await provider.pieces(tokens[:most])
    kept = most
    while kept > 0:
        beginning = _beginning(text, pieces[:kept])
        again = len(await provider.tokenize(beginning, special=special))
        if again <= most:
            return beginning
        kept -= again - most  # without what followed, the end may divide otherwise
    return ""


def _beginning(text: str, pieces: Sequence[bytes]) -> str:
    """What of the text the pieces stand for; tokenizers may have added a first token, or a first space."""
    readings = [_whole_characters(b"".join(pieces[added:])) for added in (0, 1)]
    possible = [*readings, *(reading.removeprefix(" ") for reading in readings)]
    return next((reading for reading in possible if reading and text.startswith(reading)), readings[0])


def _whole_characters(data: bytes) -> str:
    """The text without a character that is not complete at its end."""
    return codecs.getincrementaldecoder("utf-8")("replace").decode(data)
