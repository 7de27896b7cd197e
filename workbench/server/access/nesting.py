"""How deep a JSON text is nested, found without decoding it. Knows nothing of its meaning."""

from __future__ import annotations

import re

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = b"[]{}"
_OTHERS = bytes(byte for byte in range(256) if byte not in _BRACKETS)


def is_nested_deeper(text: bytes | bytearray, limit: int) -> bool:
    """Whether objects and arrays lie more than `limit` deep in each other.

    Each pass takes away the innermost ones. A text whose brackets do not match is left to the decoder.
    """
    if text.count(b"[") + text.count(b"{") <= limit:
        return False
    left = _STRING.sub(b"", text).translate(None, _OTHERS)
    for _ in range(limit):
        fewer = left.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(left):
            return False
        left = fewer
    return bool(left)
