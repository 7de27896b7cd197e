"""Tools that quantize folders, by entry point. Knows none by name."""

from __future__ import annotations

from workbench import entry_point
from workbench.errors import EngineUnavailable
from workbench.quantize_tool import QuantizeTool

GROUP = "workbench.quantize_tools"


def tools() -> list[QuantizeTool]:
    """All that are registered, able to run here or not. Raises EngineUnavailable for a broken one."""
    return [
        entry_point.make(GROUP, name, QuantizeTool, "tool", EngineUnavailable)
        for name in entry_point.names(GROUP)
    ]


def tool_for(type_name: str) -> tuple[QuantizeTool, str] | None:
    """The tool that makes this type, and how it spells it; None where none does."""
    for tool in tools():
        for kind in tool.types:
            if kind.name.casefold() == type_name.casefold():
                return tool, kind.name
    return None
