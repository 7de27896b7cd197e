"""JSON in a model's answer, read while it comes. What is read stays as the model wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable

from workbench.chat.formats.source import NotUnderstood, Reading, Source

_OPENING = {"{": "}", "[": "]"}
_SCALAR_ENDS = frozenset(",]} \t\r\n")


class JsonExtent:
    """Finds where one JSON value ends, character by character; only its nesting is checked."""

    def __init__(self) -> None:
        self._closing: list[str] = []
        self._in_string = False
        self._escaped = False
        self._scalar = False
        self.done = False

    def take(self, character: str) -> bool:
        """Whether the character belongs to the value. Raises NotUnderstood where it cannot be there."""
        if self._in_string:
            self._take_in_string(character)
        elif character == '"':
            self._in_string = True
        elif character in _OPENING:
            self._closing.append(_OPENING[character])
        elif character in "]}":
            if not self._closing:
                return self._end_scalar()
            if self._closing.pop() != character:
                raise NotUnderstood
            self.done = not self._closing
        elif not self._closing and character in _SCALAR_ENDS:
            return self._end_scalar()
        else:
            self._scalar = True
        return True

    def _take_in_string(self, character: str) -> None:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        elif character == '"':
            self._in_string = False
            self.done = not self._closing

    def _end_scalar(self) -> bool:
        if not self._scalar:
            raise NotUnderstood
        self.done = True
        return False


def json_value(source: Source, give: Callable[[str], None] | None = None) -> Reading[str]:
    """Look past one JSON value and return it, or give its text out as it comes.

    Raises NotUnderstood for what is no JSON and where the text ends first; what was given out stays so.
    """
    extent, start, text = JsonExtent(), source.at, ""
    while True:
        while source.at < len(source.text) and not extent.done:
            if extent.take(source.text[source.at]):
                source.at += 1
        piece = source.text[start : source.at]
        text += piece
        if give is not None:
            give(piece)
        start = source.at
        if extent.done:
            return text
        if source.ended:
            raise NotUnderstood
        yield


def json_string(source: Source) -> Reading[str]:
    """Look past a JSON string and return what it says. Raises NotUnderstood for anything else."""
    if source.at < len(source.text) and source.text[source.at] != '"':
        raise NotUnderstood
    try:
        text = json.loads((yield from json_value(source)))
    except ValueError:
        raise NotUnderstood from None
    if not isinstance(text, str):
        raise NotUnderstood
    return text
