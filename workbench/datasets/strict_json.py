"""JSON as RFC 8259 has it, and refused where programs would read it differently: a key that is there twice.

Fast where all is well: keys are counted in the bytes and in what was read of them, and only where the numbers
differ is the text read again, slowly.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

MOST_DEPTH = 100
_decode = msgspec.json.Decoder().decode
_COLON = re.compile(rb'"[ \t\r\n]*:')
_COLON_IN_TEXT = re.compile(rb'\\"[ \t\r\n]*:')


class Unreadable(Exception):
    """Why a piece of a file is no row: the rule it breaks, and a sentence."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(rule, reason)
        self.rule, self.reason = rule, reason


def decode(raw: bytes) -> Any:
    """The value. Raises Unreadable."""
    try:
        value = _decode(raw)
        keys = _keys(value)
    except UnicodeDecodeError as error:
        raise Unreadable("encoding", f"The text is not UTF-8: {error.reason}.") from None
    except RecursionError:
        raise Unreadable("nesting", f"It is nested deeper than {MOST_DEPTH} levels.") from None
    except msgspec.DecodeError as error:
        raise Unreadable("json", _reason(raw[:4096], error)) from None
    if not _is_unique(raw, keys):
        _check_unique(raw)
    return value


def _keys(value: Any) -> int:
    """How many keys all objects in it have together, level by level."""
    count, level = 0, [value]
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        for one in level:
            if type(one) is dict:
                count += len(one)
                below.extend(one.values())
            elif type(one) is list:
                below.extend(one)
        if not below:
            return count
        level = below
    raise RecursionError


def _is_unique(raw: bytes, keys: int) -> bool:
    """Whether as many keys are written as were read. Each has a colon, and most texts have no others."""
    if raw.count(b":") == keys:
        return True
    if b'\\\\"' in raw:
        return False
    quoted = len(_COLON_IN_TEXT.findall(raw)) if b"\\" in raw else 0
    return len(_COLON.findall(raw)) - quoted == keys


def _check_unique(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_unique)
    except _Repeated as error:
        raise Unreadable("duplicate-key", f"The key {error.args[0][:80]!r} is there twice.") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable("json", f"It is no JSON: {error}.") from None


class _Repeated(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique: dict[str, Any] = {}
    for key, value in pairs:
        if key in unique:
            raise _Repeated(key)
        unique[key] = value
    return unique


def _reason(start: bytes, error: msgspec.DecodeError) -> str:
    if b"\x00" in start:
        return "It is binary, not text."
    if b"NaN" in start or b"Infinity" in start:
        return "It is no JSON, which has neither NaN nor Infinity."
    return f"It is no JSON: {error}."
