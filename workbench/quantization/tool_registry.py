"""Tools that quantize folders, by entry point. Knows none by name."""

from __future__ import annotations

from importlib.metadata import entry_points

from workbench.errors import EngineUnavailable
from workbench.quantize_tool import QuantizeTool

GROUP = "workbench.quantize_tools"


def tools() -> list[QuantizeTool]:
    """All that are registered, able to run here or not. Raises EngineUnavailable for a broken one."""
    return [_loaded(entry.name) for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)]


def tool_for(type_name: str) -> tuple[QuantizeTool, str] | None:
    """The tool that makes this type, and how it spells it; None where none does."""
    for tool in tools():
        for kind in tool.types:
            if kind.name.casefold() == type_name.casefold():
                return tool, kind.name
    return None


def _loaded(name: str) -> QuantizeTool:
    try:
        (entry,) = entry_points(group=GROUP, name=name)
        tool = entry.load()()
    except Exception as error:  # third-party code may raise anything
        raise EngineUnavailable(
            f"The tool {name!r} cannot be loaded: {error}.", "Reinstall its package."
        ) from error
    if not isinstance(tool, QuantizeTool):
        raise EngineUnavailable(f"The tool {name!r} is no QuantizeTool.", "Update its package.")
    return tool
