"""The tools of a request and the choice among them. Those that OpenAI runs are refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from workbench.conversation import Tool
from workbench.generation import ToolUse
from workbench.openai_dialect import chat_tools
from workbench.openai_dialect.chat_tools import FunctionName, NamedTool, ToolName
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter


class FunctionTool(Struct, kw_only=True):
    """A function that may be called; `strict` holds its arguments to the JSON Schema in `parameters`."""

    type: str
    name: ToolName | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = True


class AllowedTool(Struct, kw_only=True):
    """One of the tools."""

    type: str
    name: str | None = None


class ToolChoiceObject(Struct, kw_only=True, omit_defaults=True):
    """What tool_choice may be beside a word: one function, or some of the tools."""

    type: str
    name: str | None = None
    mode: Literal["auto", "required"] | None = None
    tools: list[AllowedTool] | None = None


ToolChoice = Literal["none", "auto", "required"] | ToolChoiceObject


def to_tools(tools: Sequence[FunctionTool]) -> tuple[Tool, ...]:
    """Raises InvalidParameter and UnsupportedParameter."""
    return tuple(_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools))


def to_tool_use(
    tools: tuple[Tool, ...], choice: ToolChoice | None, parallel: bool | None
) -> tuple[tuple[Tool, ...], ToolUse]:
    """The tools that may be called, and how. Raises InvalidParameter and UnsupportedParameter."""
    meant = _as_in_chat(choice) if isinstance(choice, ToolChoiceObject) else choice
    return chat_tools.to_tool_use(tools, meant, parallel)


def _as_in_chat(choice: ToolChoiceObject) -> NamedTool:
    match choice:
        case ToolChoiceObject(type="function"):
            return _named(choice.name)
        case ToolChoiceObject(type="allowed_tools"):
            some = [_named(tool.name) for tool in choice.tools or ()]
            allowed = chat_tools.AllowedTools(mode=choice.mode or "auto", tools=some)
            return NamedTool(type="allowed_tools", allowed_tools=allowed)
        case _:
            raise _not_run_here(choice.type, "tool_choice.type")


def _named(name: str | None) -> NamedTool:
    return NamedTool(type="function", function=FunctionName(name=name or ""))


def _tool(tool: FunctionTool, place: str) -> Tool:
    if tool.type != "function":
        raise _not_run_here(tool.type, f"{place}.type")
    if tool.name is None:
        raise InvalidParameter(f"{place}.name is missing.", "Name the function.", f"{place}.name")
    return Tool(
        name=tool.name,
        description=tool.description or "",
        parameters=tool.parameters or {},
        strict=bool(tool.strict),
    )


def _not_run_here(kind: str, place: str) -> UnsupportedParameter:
    return UnsupportedParameter(
        f"The tool {kind[:40]!r} is not run here.", "Send tools of type function.", place
    )
