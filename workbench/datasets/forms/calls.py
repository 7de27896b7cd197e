"""Calls of tools and the tools themselves, in the ways in which rows write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workbench.conversation import Tool, ToolCall
from workbench.datasets.strict_json import Unreadable, decode

_PARAMETERS = ("parameters", "input_schema", "inputSchema")
_RETURNS = ("return", "returns", "output_schema", "outputSchema")


def as_json(value: Any) -> str:
    """JSON text; text is taken to be JSON already."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def decoded(value: Any) -> Any:
    """What a text that holds JSON means, as in tables; everything else as it is. Raises Unreadable."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        return decode(value.encode())
    return value


def read_calls(value: Any, place: str) -> tuple[ToolCall, ...]:
    """One call or a list of them, with a `function` within or without. Raises Unreadable."""
    value = decoded(value)
    return tuple(_call(one, place) for one in (value if isinstance(value, list) else [value]))


def read_tools(value: Any) -> tuple[Tool, ...]:
    """Tools as OpenAI or Anthropic write them, bare ones, or JSON text of either. Raises Unreadable."""
    value = decoded(value)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Unreadable("tools", "`tools` is no list.")
    return tuple(_tool(one) for one in value)


def _call(value: Any, place: str) -> ToolCall:
    function = value.get("function", value) if isinstance(value, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Unreadable("tools", f"{place} has a call without a name.")
    arguments = function.get("arguments")
    if arguments is None:
        arguments = function.get("parameters") or {}
    return ToolCall(str(value.get("id") or ""), function["name"], as_json(arguments))


def _tool(value: Any) -> Tool:
    value = decoded(value)
    function = value.get("function", value) if isinstance(value, dict) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise Unreadable("tools", "`tools` has a tool without a name.")
    return Tool(
        name=function["name"],
        description=str(function.get("description") or ""),
        parameters=_schema(function, _PARAMETERS, "parameters"),
        strict=bool(function.get("strict")),
        returns=_schema(function, _RETURNS, "results"),
    )


def _schema(function: Mapping[str, Any], names: Sequence[str], what: str) -> dict[str, Any]:
    schema = decoded(next((function[name] for name in names if function.get(name)), {}))
    if not isinstance(schema, dict):
        raise Unreadable("tools", f"The {what} of the tool {function['name'][:60]!r} are no JSON Schema.")
    return schema
