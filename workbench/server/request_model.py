"""Which model the request that is being answered turned out to ask for."""

from __future__ import annotations

from contextvars import ContextVar

_noted: ContextVar[list[str] | None] = ContextVar("model", default=None)


def notes() -> list[str]:
    """A list that gets the names of the models which this context asks for from here on."""
    names: list[str] = []
    _noted.set(names)
    return names


def note_model(name: str) -> None:
    if (names := _noted.get()) is not None:
        names.append(name)
