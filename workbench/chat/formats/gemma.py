"""Gemma 4 and FunctionGemma: call:weather{city:<|"|>Rome<|"|>,days:2}, with a marker in place of quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.chat.formats.calls import Calls, accepts_text, choices_of
from workbench.chat.formats.grammar import Lark, several
from workbench.chat.formats.marked_calls import LONGEST_NAME, named
from workbench.chat.formats.source import NotUnderstood, Reading, Source
from workbench.chat.formats.syntax import CallSyntax
from workbench.conversation import Tool

_CALL = "call:"
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GemmaCalls(CallSyntax):
    """`quote` stands at both ends of a text. A call is given out when it is whole."""

    begin: str
    end: str
    quote: str

    @property
    def triggers(self) -> tuple[str, ...]:
        return (self.begin,)

    @property
    def markers(self) -> tuple[str, ...]:
        return (self.begin, self.end, self.quote)

    def read(self, source: Source, calls: Calls) -> Reading[None]:
        while (yield from source.accept(self.begin)):
            yield from source.skip_space()
            yield from source.expect(_CALL)
            name = named((yield from source.find("{", most=LONGEST_NAME)).strip())
            arguments = self.to_json((yield from source.find(self.end, most=_LONGEST)).strip())
            yield from source.expect(self.end)
            calls.begin(name)
            calls.argue(arguments)

    def to_json(self, written: str) -> str:
        """Texts between markers become quoted, and so do keys. Raises NotUnderstood."""
        pieces = written.split(self.quote)
        if len(pieces) % 2 == 0:
            raise NotUnderstood
        for number, piece in enumerate(pieces):
            if number % 2:
                pieces[number] = json.dumps(piece, ensure_ascii=False)
            else:
                pieces[number] = re.sub(r"([{,]\s*)([^\s{},:\[\]\"]+)(\s*:)", r'\1"\2"\3', piece)
        try:
            json.loads("".join(pieces))
        except ValueError:
            raise NotUnderstood from None
        return "".join(pieces)

    def write(self, lark: Lark, tools: Sequence[Tool], parallel: bool) -> str:
        quoted = lark.text(self.quote)
        lark.rule("text", f"{quoted} {lark.text_before('quoted', self.quote)}")
        lark.rule("member", '/[a-zA-Z_][a-zA-Z0-9_]*/ ":" value')
        lark.rule("list", '"[" (value ("," value)*)? "]"')
        lark.rule("object", '"{" (member ("," member)*)? "}"')
        lark.rule("value", 'text | /-?[0-9]+(\\.[0-9]+)?/ | "true" | "false" | "null" | list | object')

        def call(tool: Tool, rule: str) -> str:
            arguments = self._members(lark, tool, {"properties": {}, **tool.parameters})
            return f"{lark.text(_CALL + tool.name + '{')} {arguments} {lark.text('}' + self.end)}"

        return several(lark.one_of("call", tools, call), lark.text(self.begin), parallel)

    def _members(self, lark: Lark, tool: Tool, schema: Mapping[str, Any]) -> str:
        """The members that the schema names: those that are required, then the others as far as wanted."""
        properties, required = schema["properties"], schema.get("required", ())
        keys = sorted(properties, key=lambda key: key not in required)
        members = ""
        for key in reversed(keys):
            comma = "" if key == keys[0] else ","
            one = f"{lark.text(f'{comma}{key}:')} {self._value(lark, tool, properties[key])} {members}"
            members = one if key in required else f"({one})?"
        return members

    def _value(self, lark: Lark, tool: Tool, schema: Any) -> str:
        """What a schema that refers to no other lets through; anything for one that does."""
        match schema:
            case {"enum": _} | {"const": _} if accepts_text(schema):
                listed = [lark.text(self.quote + one + self.quote) for one in choices_of(schema)]
                return f"({' | '.join(listed)})"
            case {"type": "integer" | "number" | "boolean" | "null"}:
                return lark.json(schema, strict=tool.strict)
            case {"type": "array", "items": items}:
                one, most = self._value(lark, tool, items), schema.get("maxItems")
                more = f"{{0,{max(0, most - 1)}}}" if isinstance(most, int) else "*"
                return f'"[" ({one} ("," {one}){more})? "]"'
            case {"type": "object", "properties": {}}:
                return f'"{{" {self._members(lark, tool, schema)} "}}"'
            case _:
                return "text" if accepts_text(schema) else "value"


GEMMA_CALLS = GemmaCalls(begin="<|tool_call>", end="<tool_call|>", quote='<|"|>')
FUNCTION_GEMMA_CALLS = GemmaCalls(begin="<start_function_call>", end="<end_function_call>", quote="<escape>")
