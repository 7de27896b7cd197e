"""The tools of a chat request and how they are to be used, in OpenAI's present form and in its older one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from workbench.conversation import Tool
from workbench.generation import ToolUse
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter

ToolName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")]


class FunctionDefinition(Struct, kw_only=True):
    """A function that may be called; `parameters` is a JSON Schema of an object."""

    name: ToolName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChatTool(Struct, kw_only=True):
    """A tool; only functions can be called."""

    type: str
    function: FunctionDefinition | None = None


class FunctionName(Struct, kw_only=True):
    """One of the functions."""

    name: str


class AllowedTools(Struct, kw_only=True):
    """Some of the tools, and whether one of them must be called."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class NamedTool(Struct, kw_only=True):
    """What tool_choice may be beside a word."""

    type: str
    function: FunctionName | None = None
    allowed_tools: AllowedTools | None = None


ToolChoice = Literal["none", "auto", "required"] | NamedTool
FunctionCallChoice = Literal["none", "auto"] | FunctionName


def to_tools(tools: Sequence[ChatTool], functions: Sequence[FunctionDefinition]) -> tuple[Tool, ...]:
    """Raises InvalidParameter and UnsupportedParameter."""
    if tools and functions:
        raise InvalidParameter("tools and functions are both given.", "Send tools alone.", "functions")
    for position, tool in enumerate(tools):
        if tool.type != "function":
            raise UnsupportedParameter(
                f"Tools of type {tool.type[:40]!r} are not supported here.",
                "Send functions.",
                f"tools[{position}].type",
            )
        if tool.function is None:
            place = f"tools[{position}].function"
            raise InvalidParameter(f"The parameter {place} is missing.", f"Send {place}.", place)
    place, defined = ("functions[{}]", functions) if functions else ("tools[{}].function", _functions(tools))
    return tuple(_to_tool(function, place.format(position)) for position, function in enumerate(defined))


def to_tool_use(
    tools: tuple[Tool, ...],
    choice: ToolChoice | FunctionCallChoice | None,
    parallel: bool | None,
    param: str = "tool_choice",
) -> tuple[tuple[Tool, ...], ToolUse]:
    """The tools that may be called, and how; one that is named is called once.

    Raises InvalidParameter and UnsupportedParameter.
    """
    several = parallel is not False
    match choice:
        case None | "auto" | "none":
            return tools, ToolUse(choice=choice or "auto", parallel=several)
        case "required":
            return _present(tools, param), ToolUse(choice="required", parallel=several)
        case FunctionName(name=name) | NamedTool(type="function", function=FunctionName(name=name)):
            _check(tools, [name], f"{param}.function.name")
            return tools, ToolUse(choice="required", name=name, parallel=False)
        case NamedTool(type="allowed_tools", allowed_tools=AllowedTools(mode=mode, tools=allowed)):
            names = [tool.function.name for tool in allowed if tool.function is not None]
            _check(tools, names, f"{param}.allowed_tools.tools")
            some = tuple(tool for tool in tools if tool.name in names)
            return _present(some, param), ToolUse(choice=mode, parallel=several)
        case _:
            raise UnsupportedParameter(
                f"This {param} is not supported here.", "Name a function, or send a word.", param
            )


def _functions(tools: Sequence[ChatTool]) -> list[FunctionDefinition]:
    return [tool.function for tool in tools if tool.function is not None]


def _to_tool(function: FunctionDefinition, place: str) -> Tool:
    parameters = function.parameters or {}
    if parameters.get("type", "object") != "object":
        raise InvalidParameter(
            f"{place}.parameters is no schema of an object.",
            'Give it "type": "object".',
            f"{place}.parameters",
        )
    return Tool(
        name=function.name,
        description=function.description or "",
        parameters=parameters,
        strict=bool(function.strict),
    )


def _present(tools: tuple[Tool, ...], param: str) -> tuple[Tool, ...]:
    if not tools:
        raise InvalidParameter(f"{param} asks for a call, but there are no tools.", "Send tools.", param)
    return tools


def _check(tools: tuple[Tool, ...], names: Sequence[str], param: str) -> None:
    known = {tool.name for tool in tools}
    for name in names:
        if name not in known:
            raise InvalidParameter(f"{param} is {name[:80]!r}, which no tool is named.", "Name one.", param)
