"""The tools of a request and the choice among them, and the Tools and the ToolUse they mean.

Tools that Anthropic's own servers run are refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from workbench.conversation import Tool
from workbench.generation import ToolUse
from workbench.openai_dialect.chat_tools import FunctionName, NamedTool, ToolName, to_tool_use
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter


class ToolDefinition(Struct, kw_only=True):
    """A tool that the client runs; `input_schema` is a JSON Schema."""

    type: str | None = None
    name: ToolName
    description: str = ""
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None


class ToolChoice(Struct, kw_only=True):
    """Whether the answer calls tools, and which."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


def to_tools(definitions: Sequence[ToolDefinition]) -> tuple[Tool, ...]:
    """Raises InvalidParameter and UnsupportedParameter."""
    return tuple(_tool(definition, f"tools[{index}]") for index, definition in enumerate(definitions))


def to_choice(choice: ToolChoice | None, tools: tuple[Tool, ...]) -> ToolUse:
    """Raises InvalidParameter for a choice that the tools do not allow."""
    if choice is None:
        return ToolUse()
    parallel = not choice.disable_parallel_tool_use
    match choice.type:
        case "auto" | "none":
            return to_tool_use(tools, choice.type, parallel)[1]
        case "any":
            return to_tool_use(tools, "required", parallel)[1]
        case "tool":
            named = NamedTool(type="function", function=FunctionName(name=choice.name or ""))
            return to_tool_use(tools, named, parallel)[1]


def _tool(definition: ToolDefinition, place: str) -> Tool:
    if definition.type not in (None, "custom"):
        raise UnsupportedParameter(
            f"The tool {definition.type[:60]} is not run here.", "Send tools of type custom.", f"{place}.type"
        )
    if definition.input_schema is None:
        param = f"{place}.input_schema"
        raise InvalidParameter(f"{param} is missing.", "Send a JSON Schema there.", param)
    return Tool(
        name=definition.name,
        description=definition.description,
        parameters=definition.input_schema,
        strict=bool(definition.strict),
    )
