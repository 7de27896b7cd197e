"""Operations, recipes and formats by entry point; bundled ones are found as a third party's are.

`workbench.operations` names classes of operations, `workbench.formats` classes of formats to write, and
`workbench.recipes` folders of recipes, each a TOML file. Knows none by name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

from workbench import entry_point
from workbench.datasets.export_format import ExportFormat
from workbench.datasets.operation import Operation
from workbench.datasets.row import Kind
from workbench.errors import InvalidRequest

OPERATIONS, FORMATS, RECIPES = "workbench.operations", "workbench.formats", "workbench.recipes"


def operation(name: str) -> type[Operation]:
    """Raises InvalidRequest for an unknown or broken one."""
    found = entry_point.load(OPERATIONS, name, "operation", InvalidRequest)
    if not (isinstance(found, type) and issubclass(found, Operation)):
        raise InvalidRequest(f"{name!r} is no operation.", "Update the package that brings it.")
    return found


def export_format(name: str) -> ExportFormat:
    """Raises InvalidRequest for an unknown or broken one."""
    return entry_point.make(FORMATS, name, ExportFormat, "format", InvalidRequest)


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


def recipe_files() -> dict[str, Traversable]:
    """Every recipe that is installed, by name."""
    folders = [
        entry_point.load(RECIPES, name, "folder of recipes", InvalidRequest)
        for name in entry_point.names(RECIPES)
    ]
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
