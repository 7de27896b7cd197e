"""Calls as JSON objects between two markers, one by one or in a list, as Qwen, Llama and others write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.chat.formats.call_object import read_call_object
from workbench.chat.formats.calls import Calls
from workbench.chat.formats.grammar import Lark, several
from workbench.chat.formats.source import NotUnderstood, Reading, Source
from workbench.chat.formats.syntax import CallSyntax
from workbench.conversation import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonCalls(CallSyntax):
    """`begin` is the marker, `end` the one that closes what it opens, "" where the answer's end does.

    Attributes:
        listed: Calls stand in one list, not each between markers of its own.
        space: What stands between markers and JSON.
        keys: What the members are called in the family, the name's and the arguments'.
        bare: The marker may be missing.
        between: What stands between calls that have no list, "" where each has its markers.
    """

    begin: str
    end: str = ""
    listed: bool = False
    space: str = ""
    keys: tuple[str, str] = ("name", "arguments")
    bare: bool = False
    between: str = ""

    @property
    def triggers(self) -> tuple[str, ...]:
        return (self.begin,)

    @property
    def markers(self) -> tuple[str, ...]:
        return tuple(marker for marker in (self.begin, self.end) if marker)

    def read(self, source: Source, calls: Calls) -> Reading[None]:
        marked = yield from source.accept(self.begin)
        known_only = not marked
        yield from source.skip_space()
        in_list = yield from source.accept("[")
        yield from source.skip_space()
        begun = calls.begun
        while (yield from self._next(source, in_list or self.between)):
            yield from read_call_object(source, calls, known_only=known_only)
        if calls.begun == begun:
            raise NotUnderstood
        yield from source.look_past([piece for piece in (in_list and "]", self.end) if piece])

    def _next(self, source: Source, between: str) -> Reading[bool]:
        """Whether another object comes; space and what stands between is looked past."""
        yield from source.skip_space()
        if between:
            yield from source.accept("," if between == "[" else between)
            yield from source.skip_space()
        found = yield from source.accept("{")
        source.at -= len(found)
        return bool(found)

    def write(self, lark: Lark, tools: Sequence[Tool], parallel: bool) -> str:
        name_key, arguments_key = self.keys

        def call(tool: Tool, rule: str) -> str:
            head = f'{{"{name_key}": {json.dumps(tool.name)}, "{arguments_key}": '
            return f"{lark.text(head)} {lark.arguments(tool)} {lark.text('}')}"

        calls = lark.one_of("call", tools, call)
        if self.listed:
            listed = several(calls, lark.text(", "), parallel)
            return f"{lark.text(self.space + '[')} {listed} {lark.text(']' + self.space + self.end)}"
        if self.between:
            many = several(calls, lark.text(self.between), parallel)
            return f"{lark.text(self.space)} {many} {lark.text(self.space + self.end)}"
        one = f"{lark.text(self.space)} {calls} {lark.text(self.space + self.end)}"
        return several(lark.rule("marked_call", one), lark.text("\n" + self.begin), parallel)


HERMES_CALLS = JsonCalls(begin="<tool_call>", end="</tool_call>", space="\n")
MINIMAX_M1_CALLS = JsonCalls(begin="<tool_calls>", end="</tool_calls>", space="\n", between="\n")
COMMAND_R_CALLS = JsonCalls(
    begin="<|START_ACTION|>", end="<|END_ACTION|>", listed=True, keys=("tool_name", "parameters")
)
LLAMA_CALLS = JsonCalls(begin="<|python_tag|>", keys=("name", "parameters"), bare=True, between="; ")
