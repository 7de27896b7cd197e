"""What packages bring by entry point. `names` imports none of it, `load` and `make` import exactly one.

Knows no group: who looks in one says what is expected there and which error tells of trouble.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from workbench.errors import WorkbenchError

T = TypeVar("T")


def entries(group: str) -> dict[str, EntryPoint]:
    """By name, in the order of their names."""
    return _entries(group, tuple(sys.path))


@cache
def _entries(group: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Looking through all packages takes long, so it is done once for the same path."""
    return {entry.name: entry for entry in sorted(entry_points(group=group), key=lambda one: one.name)}


def names(group: str) -> list[str]:
    return list(entries(group))


def load(group: str, name: str, noun: str, failure: type[WorkbenchError]) -> Any:
    """What the entry names, whatever it is. Raises `failure` for an unknown or broken one."""
    found = entries(group)
    if name not in found:
        raise failure(f"There is no {noun} {name!r}.", f"Choose one of {', '.join(found)}.")
    try:
        return found[name].load()
    except Exception as error:  # third-party code may raise anything
        raise _broken(noun, name, error, failure) from error


def make(group: str, name: str, expected: type[T], noun: str, failure: type[WorkbenchError]) -> T:
    """An object of the class that the entry names. Raises as `load`, and `failure` for another kind."""
    kind = load(group, name, noun, failure)
    try:
        made = kind()
    except Exception as error:  # third-party code may raise anything
        raise _broken(noun, name, error, failure) from error
    if not isinstance(made, expected):
        raise failure(f"The {noun} {name!r} is no {expected.__name__}.", "Update the package that brings it.")
    return made


def _broken(noun: str, name: str, error: Exception, failure: type[WorkbenchError]) -> WorkbenchError:
    return failure(f"The {noun} {name!r} cannot be loaded: {error}.", "Reinstall the package that brings it.")
