"""The calls of one answer: their numbers, their ids, and their arguments given out as they come."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from workbench.chat.formats.source import Source
from workbench.conversation import Tool
from workbench.events import ToolCallDelta


class Calls:
    """Counts the calls that were begun. Knows the tools there are, by name."""

    def __init__(self, source: Source, tools: Mapping[str, Tool]) -> None:
        self._source = source
        self.tools = tools
        self.begun = 0

    def begin(self, name: str, call_id: str = "") -> None:
        """Give out a call's beginning for what was looked at."""
        call_id = call_id or f"call_{secrets.token_hex(12)}"
        self._source.give(ToolCallDelta(self.begun, "", call_id, name))
        self.begun += 1

    def argue(self, arguments: str) -> None:
        """Give out more of the last call's arguments for what was looked at."""
        if arguments:
            self._source.give(ToolCallDelta(self.begun - 1, arguments))

    def properties(self, name: str) -> Mapping[str, Any]:
        """The schemas of a tool's arguments, by name; none for an unknown tool."""
        tool = self.tools.get(name)
        return properties_of(tool) if tool else {}


def properties_of(tool: Tool) -> Mapping[str, Any]:
    found = tool.parameters.get("properties")
    return found if isinstance(found, dict) else {}


def accepts_text(schema: Any) -> bool:
    """Whether a text is among what the schema lets through."""
    if not isinstance(schema, dict):
        return False
    types = schema.get("type")
    if types is not None:
        return types == "string" or (isinstance(types, list) and "string" in types)
    if choices := choices_of(schema):
        return all(isinstance(choice, str) for choice in choices)
    branches = (schema.get(key) for key in ("anyOf", "oneOf", "allOf"))
    return any(accepts_text(one) for some in branches if isinstance(some, list) for one in some)


def choices_of(schema: Any) -> list[Any]:
    """The values that the schema lists, if it does."""
    found = schema.get("enum") if isinstance(schema, dict) else None
    if isinstance(found, list):
        return found
    return [schema["const"]] if isinstance(schema, dict) and "const" in schema else []


def argument_json(text: str, schema: Any) -> str:
    """A value that was written without quotes, as JSON: text where the schema wants text."""
    stripped = text.strip()
    if accepts_text(schema) and not (stripped == "null" and "null" in str(schema)):
        return json.dumps(text, ensure_ascii=False)
    stripped = {"True": "true", "False": "false", "None": "null"}.get(stripped, stripped)
    try:
        json.loads(stripped)
    except ValueError:
        return json.dumps(text, ensure_ascii=False)
    return stripped
