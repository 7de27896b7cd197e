"""Gemma 4 and FunctionGemma: call:weather{city:<|"|>Rome<|"|>,days:2}, with a marker in place of quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.chat.formats.calls import Calls, accepts_text, properties_of
from workbench.chat.formats.grammar import Lark, several
from workbench.chat.formats.marked_calls import LONGEST_NAME, named
from workbench.chat.formats.source import NotUnderstood, Reading, Source
from workbench.chat.formats.syntax import CallSyntax
from workbench.conversation import Tool

_CALL = "call:"
_VALUES = {
    "integer": "/-?[0-9]+/",
    "number": "/-?[0-9]+(\\.[0-9]+)?/",
    "boolean": '("true" | "false")',
    "array": "list",
    "object": "object",
}
"""How a value of a schema's type is written: a terminal, or the name of a rule."""
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GemmaCalls(CallSyntax):
    """`quote` stands at both ends of a text. A call is given out when it is whole."""

    begin: str
    end: str
    quote: str

    @property
    def triggers(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.begin,)

    @property
    def markers(self) -> tuple[str, ...]:  # type: ignore[override]
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
        text = f"{lark.text(self.quote)} {lark.text_before('quoted', self.quote)}"
        members = f"(member ({lark.text(',')} member)*)?"
        lark.rule("member", f"/[a-zA-Z_][a-zA-Z0-9_]*/ {lark.text(':')} value")
        lark.rule("value", 'text | /-?[0-9]+(\\.[0-9]+)?/ | "true" | "false" | "null" | list | object')
        lark.rule("text", text)
        lark.rule("list", '"[" (value ("," value)*)? "]"')
        lark.rule("object", f'"{{" {members} "}}"')

        def call(tool: Tool, rule: str) -> str:
            arguments = self._arguments(lark, tool)
            return f"{lark.text(_CALL + tool.name + '{')} {arguments} {lark.text('}' + self.end)}"

        return several(lark.one_of("call", tools, call), lark.text(self.begin), parallel)

    def _arguments(self, lark: Lark, tool: Tool) -> str:
        """Names and simple types are the schema's; what is nested in them is of any form."""
        required = tool.parameters.get("required", ())
        keys = sorted(properties_of(tool), key=lambda key: key not in required)
        arguments = ""
        for key in reversed(keys):
            comma = "" if key == keys[0] else ","
            value = self._value(lark, properties_of(tool)[key])
            one = f"{lark.text(f'{comma}{key}:')} {value} {arguments}"
            arguments = one if key in required else f"({one})?"
        return arguments

    def _value(self, lark: Lark, schema: Any) -> str:
        given = schema if isinstance(schema, dict) else {}
        if accepts_text(given):
            choices = given.get("enum") or ([given["const"]] if "const" in given else [])
            quoted = [lark.text(self.quote + choice + self.quote) for choice in choices]
            return f"({' | '.join(quoted)})" if quoted else "text"
        kind = given.get("type")
        return _VALUES.get(kind, "value") if isinstance(kind, str) else "value"


GEMMA_CALLS = GemmaCalls(begin="<|tool_call>", end="<tool_call|>", quote='<|"|>')
FUNCTION_GEMMA_CALLS = GemmaCalls(begin="<start_function_call>", end="<end_function_call>", quote="<escape>")
