"""The fields of one row as they are taken out, so that what nobody takes is kept as the row's meta."""

from __future__ import annotations

from typing import Any

from workbench.datasets.strict_json import Unreadable


class Fields:
    """A row's fields by name; those that are null are not there."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        self._taken: set[str] = set()

    def has(self, *names: str) -> bool:
        """Whether all of them are there."""
        return all(self._values.get(name) is not None for name in names)

    def first(self, *names: str) -> str | None:
        """The first of these names that is there."""
        return next((name for name in names if self._values.get(name) is not None), None)

    def peek(self, name: str) -> Any:
        return self._values.get(name)

    def take(self, *names: str) -> Any:
        """The value of the first of these that is there, or None."""
        name = self.first(*names)
        if name is None:
            return None
        self._taken.add(name)
        return self._values[name]

    def text(self, *names: str) -> str:
        """As `take`; "" where it is not there. Raises Unreadable where it is no text."""
        value = self.take(*names)
        if value is not None and not isinstance(value, str):
            raise Unreadable("form", f"`{self.first(*names)}` is no text.")
        return value or ""

    def rest(self) -> dict[str, Any]:
        taken = self._taken
        return {
            name: value for name, value in self._values.items() if name not in taken and value is not None
        }
