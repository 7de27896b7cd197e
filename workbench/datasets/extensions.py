"""Operations, recipes and formats by entry point; bundled ones are found as a third party's are.

`workbench.operations` names classes of operations, `workbench.formats` classes of formats to write, and
`workbench.recipes` folders of recipes, each a TOML file. Knows none by name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from workbench.datasets.export_format import ExportFormat
from workbench.datasets.operation import Operation
from workbench.datasets.row import Kind
from workbench.errors import InvalidRequest

OPERATIONS, FORMATS, RECIPES = "workbench.operations", "workbench.formats", "workbench.recipes"


def operation(name: str) -> type[Operation]:
    """Raises InvalidRequest for an unknown or broken one."""
    found = _loaded(OPERATIONS, name, "operation")
    if not (isinstance(found, type) and issubclass(found, Operation)):
        raise InvalidRequest(f"{name!r} is no operation.", "Update the package that brings it.")
    return found


def export_format(name: str) -> ExportFormat:
    """Raises InvalidRequest for an unknown or broken one."""
    found = _loaded(FORMATS, name, "format")
    if not (isinstance(found, type) and issubclass(found, ExportFormat)):
        raise InvalidRequest(f"{name!r} is no format.", "Update the package that brings it.")
    return found()


def formats_for(names: Sequence[str], kinds: Collection[Kind]) -> dict[str, ExportFormat]:
    """Formats by name. Raises InvalidRequest, also for one that can hold none of these kinds."""
    found = {name: export_format(name) for name in names}
    for name, form in found.items():
        if not set(form.kinds) & set(kinds):
            raise InvalidRequest(
                f"The format {name} cannot hold rows of the kind {' or '.join(kinds)}.",
                f"It holds {', '.join(form.kinds)}.",
            )
    return found


def names(group: str) -> list[str]:
    return sorted(_entries(group))


def recipe_files() -> dict[str, Traversable]:
    """Every recipe that is installed, by name."""
    folders = [_loaded(RECIPES, name, "folder of recipes") for name in names(RECIPES)]
    files = [file for folder in folders for file in folder.iterdir() if file.name.endswith(".toml")]
    return {file.name.removesuffix(".toml"): file for file in sorted(files, key=lambda one: one.name)}


def recipe_text(name: str) -> tuple[str, str]:
    """The name and the TOML of an installed recipe, or of a file of one. Raises InvalidRequest."""
    path, installed = Path(name), recipe_files()
    if name in installed:
        return name, installed[name].read_text("utf-8")
    if path.suffix != ".toml":
        raise InvalidRequest(f"There is no recipe {name!r}.", f"There are {', '.join(installed)}.")
    try:
        return path.stem, path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{name} cannot be read: {error}.", "Check the path.") from error


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


def _loaded(group: str, name: str, noun: str) -> Any:
    entry = _entries(group).get(name)
    if entry is None:
        raise InvalidRequest(f"There is no {noun} {name!r}.", f"There are {', '.join(names(group))}.")
    try:
        return entry.load()
    except Exception as error:  # third-party code may raise anything
        raise InvalidRequest(
            f"The {noun} {name!r} cannot be loaded: {error}.", "Reinstall the package that brings it."
        ) from error
