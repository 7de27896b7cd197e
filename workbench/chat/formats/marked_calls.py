"""Calls as a name between markers and then the arguments as JSON; DeepSeek, Kimi and Mistral write so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.chat.formats.calls import Calls
from workbench.chat.formats.grammar import Lark, several
from workbench.chat.formats.json_text import json_value
from workbench.chat.formats.source import NotUnderstood, Reading, Source
from workbench.chat.formats.syntax import CallSyntax
from workbench.conversation import Tool

LONGEST_NAME = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedCalls(CallSyntax):
    """Markers in the order they are written; "" and () where the family has none.

    Attributes:
        section: What stands around all calls of an answer.
        separator: What divides the name from the arguments.
        closing: What follows the arguments, piece by piece.
        between: What stands between calls.
    """

    section: tuple[str, str] = ("", "")
    begin: str
    separator: str
    closing: tuple[str, ...] = ()
    between: str = ""

    @property
    def triggers(self) -> tuple[str, ...]:
        return (self.section[0] or self.begin,)

    @property
    def markers(self) -> tuple[str, ...]:
        written = (*self.section, self.begin, self.separator, *self.closing)
        return tuple(marker.strip() for marker in written if marker)

    def read(self, source: Source, calls: Calls) -> Reading[None]:
        first = calls.begun
        if self.section[0]:
            yield from source.expect(self.section[0])
        while True:
            yield from source.skip_space()
            if not (yield from source.accept(self.begin)):
                break
            name, call_id = yield from self.read_head(source)
            yield from source.skip_space()
            calls.begin(name, call_id)
            yield from json_value(source, calls.argue)
            yield from source.look_past(self.closing)
        if calls.begun == first:
            raise NotUnderstood
        if self.section[1]:
            yield from source.look_past((self.section[1],))

    def read_head(self, source: Source) -> Reading[tuple[str, str]]:
        """Look past what stands between `begin` and the arguments; returns the name, and the id or ""."""
        name = (yield from source.find(self.separator, most=LONGEST_NAME)).strip()
        yield from source.expect(self.separator)
        return named(name), ""

    def head(self, name: str) -> str:
        """What stands between `begin` and the arguments of a call of that name."""
        return name + self.separator

    def write(self, lark: Lark, tools: Sequence[Tool], parallel: bool) -> str:
        def call(tool: Tool, rule: str) -> str:
            return f"{lark.text(self.head(tool.name))} {lark.arguments(tool)} {lark.text(*self.closing)}"

        calls = several(lark.one_of("call", tools, call), lark.text(self.between + self.begin), parallel)
        if not self.section[0]:
            return calls
        return f"{lark.text(self.begin)} {calls} {lark.text(self.section[1])}"


def named(name: str) -> str:
    """The name. Raises NotUnderstood for what can be none."""
    if not name or any(character in name for character in ' \n"{}<>'):
        raise NotUnderstood
    return name


FUNCTIONARY_CALLS = MarkedCalls(begin="<function=", separator=">", closing=("</function>",))
