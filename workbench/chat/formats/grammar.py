"""Pieces of llguidance's Lark, from which the grammars of calls are put together.

A marker that is a token of its own is named by its id: as text it would be spelled in other tokens than the
model knows it by. Knows no family.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.chat.formats.calls import properties_of
from workbench.constraint import JSON_SPACING
from workbench.conversation import Tool

MOST_CALLS = 16
ANY_OBJECT: dict[str, Any] = {"type": "object"}
_DEFINITIONS: tuple[str, ...] = ("$defs", "definitions")
TEXT = "/(?s:.*)/"


class Lark:
    """The rules of one grammar, for a vocabulary whose own tokens are given by name."""

    def __init__(self, own_tokens: Mapping[str, int]) -> None:
        self._own = own_tokens
        names = sorted(own_tokens, key=len, reverse=True)
        self._split = re.compile("(" + "|".join(map(re.escape, names)) + ")") if names else None
        self._rules: dict[str, str] = {}

    def text(self, *parts: str) -> str:
        """The parts one after the other, as they are."""
        pieces: list[str] = []
        for part in parts:
            pieces += self._split.split(part) if self._split and part else [part]
        return " ".join(self._piece(piece) for piece in pieces if piece)

    def begins_with_own_token(self, text: str) -> bool:
        return any(text.startswith(name) for name in self._own)

    def json(self, schema: Mapping[str, Any], *, strict: bool) -> str:
        """A value that keeps to the schema; what it cannot be held to is left out unless `strict`."""
        options = {**JSON_SPACING, "coerce_one_of": not strict, "lenient": not strict}
        return "%json " + json.dumps({**schema, "x-guidance": options}, ensure_ascii=False)

    def arguments(self, tool: Tool) -> str:
        """All of them, and none beside those that its schema names, unless it says otherwise."""
        closed = {"additionalProperties": False} if "properties" in tool.parameters else {}
        return self.json({**ANY_OBJECT, **closed, **tool.parameters}, strict=tool.strict)

    def argument(self, tool: Tool, key: str) -> str:
        """One of the tool's arguments, with the definitions that its schema may refer to."""
        schema = properties_of(tool)[key]
        definitions = {name: tool.parameters[name] for name in _DEFINITIONS if name in tool.parameters}
        return self.json({**(schema if isinstance(schema, dict) else {}), **definitions}, strict=tool.strict)

    def text_before(self, name: str, ending: str) -> str:
        """Any text and then `ending`; `name` is a rule that is made for it."""
        if self.begins_with_own_token(ending):
            return f"{TEXT} {self.text(ending)}"
        self._rules[f"{name}[suffix={json.dumps(ending, ensure_ascii=False)}]"] = TEXT
        return name

    def rule(self, name: str, body: str) -> str:
        """Returns the name."""
        self._rules[name] = body
        return name

    def one_of(self, name: str, tools: Sequence[Tool], body: Callable[[Tool, str], str]) -> str:
        """A rule for each tool, whose name `body` is told, and one that is any of them."""
        rules = [
            self.rule(f"{name}_{number}", body(tool, f"{name}_{number}")) for number, tool in enumerate(tools)
        ]
        return self.rule(name, " | ".join(rules))

    def whole(self, start: str) -> str:
        rules = {"start": start, **self._rules}
        return "".join(f"{name}: {body}\n" for name, body in rules.items())

    def _piece(self, piece: str) -> str:
        own = self._own.get(piece)
        return json.dumps(piece, ensure_ascii=False) if own is None else f"<[{own}]>"


def several(call: str, between: str, parallel: bool) -> str:
    """One call, or up to MOST_CALLS where they may be parallel: a small model would go on for ever."""
    return f"{call} ({between} {call}){{0,{MOST_CALLS - 1}}}" if parallel else call
