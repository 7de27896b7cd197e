"""Reading what a dialect's items hold, with the place of whatever is missing. Knows no dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from workbench.openai_dialect.parameter_errors import InvalidParameter

Part = TypeVar("Part")
Value = TypeVar("Value")


def required(value: Value | None, place: str) -> Value:
    """Raises InvalidParameter where there is none."""
    if value is None:
        raise InvalidParameter(f"{place} is missing.", f"Send {place}.", place)
    return value


def text_of_parts(content: str | Sequence[Part], place: str, read: Callable[[Part, str], str]) -> str:
    """A text as it is, or what is read of its parts, each on a line of its own."""
    if isinstance(content, str):
        return content
    return "\n".join(read(part, f"{place}[{index}]") for index, part in enumerate(content))


def called_name(id: str, names: Mapping[str, str], place: str, remedy: str) -> str:
    """The name of the tool that the call of that id is for. Raises InvalidParameter where nothing made it."""
    if id not in names:
        raise InvalidParameter(
            f"{place} answers the call {id[:80]!r}, which nothing before it makes.", remedy, place
        )
    return names[id]
