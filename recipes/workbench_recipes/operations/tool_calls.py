"""`tool-calls`: calls of tools that are sound, whatever the model is that learns them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from workbench.conversation import Message, Tool
from workbench.datasets.findings import Findings
from workbench.datasets.forms.calls import decoded
from workbench.datasets.operation import RowOperation
from workbench.datasets.plain import arguments_of
from workbench.datasets.row import TURN_FIELDS, Rejection, Row
from workbench.datasets.strict_json import Unreadable
from workbench.datasets.target.tool_checks import schema_remarks, tool_remarks
from workbench.datasets.target.training_example import examples_of


@dataclass
class ToolCalls(RowOperation):
    """Sets aside rows with calls of unknown tools, that are off their schemas, or that nothing answers.

    So are rows with calls and no tools, and those with two different tools of one name; the same tool listed
    twice is listed once. Arguments that were written as JSON within JSON are unpacked. What a tool gives back
    is held to the schema in its `return`, where it has one. `need_calls` sets aside rows that call nothing.
    """

    need_calls: bool = False

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        called = any(message.tool_calls for message in row.turns)
        if not called and self.need_calls:
            return Rejection("no-call", "It calls no tool.")
        if called and not row.tools:
            return Rejection("no-tools", "It calls tools and lists none.")
        tools = _distinct(row.tools)
        if len({tool.name for tool in tools}) < len(tools):
            return Rejection("tool-twice", "It lists two different tools of the same name.")
        row = self._mended(row, tools, findings)
        remarks = [*schema_remarks(row.tools)]
        for example in examples_of(row):
            remarks += tool_remarks(example.conversation)
        return Rejection(remarks[0].rule, remarks[0].message) if remarks else row

    def _mended(self, row: Row, tools: Sequence[Tool], findings: Findings) -> Row:
        if len(tools) < len(row.tools):
            findings.add("tool-repeated", "note", "It listed the same tool more than once.", row.origin)
        turns = {name: tuple(map(_unpacked, getattr(row, name))) for name in TURN_FIELDS}
        if any(turns[name] != getattr(row, name) for name in TURN_FIELDS):
            what = "The arguments of its calls were JSON within JSON, and are unpacked."
            findings.add("arguments-packed", "note", what, row.origin)
        return msgspec.structs.replace(row, tools=tuple(tools), **turns)


def _distinct(tools: Sequence[Tool]) -> list[Tool]:
    """In their order, those that are the same once."""
    found: list[Tool] = []
    for tool in tools:
        if tool not in found:
            found.append(tool)
    return found


def _unpacked(message: Message) -> Message:
    if not message.tool_calls:
        return message
    calls = []
    for call in message.tool_calls:
        written = arguments_of(call)
        if isinstance(written, str) and _holds_object(written):
            call = replace(call, arguments=written)
        calls.append(call)
    return replace(message, tool_calls=tuple(calls))


def _holds_object(text: str) -> bool:
    try:
        return isinstance(decoded(text), dict)
    except Unreadable:
        return False
