"""The files that a recipe reads: those that are named, those in folders, or what it reads by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.datasets.reading.source import DOCUMENTS, ROWS, suffix_of
from workbench.datasets.recipe import Recipe
from workbench.errors import InvalidRequest
from workbench.paths import history_file


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files to read, and those in folders of documents that are none, or lie elsewhere."""

    files: tuple[Path, ...]
    unread: tuple[Path, ...] = ()


def inputs_of(recipe: Recipe, named: Sequence[Path]) -> Inputs:
    """Files as they are, and of folders those that the recipe takes, by name. Raises InvalidRequest."""
    files, unread = list[Path](), list[Path]()
    for path in named or _own(recipe):
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(_inside(path))
        wanted = [one for one in inside if _is_wanted(recipe, one, path)]
        if not wanted:
            raise _nothing_in(path, documents=recipe.source == "documents")
        files += wanted
        if recipe.source == "documents":
            unread += sorted(set(inside) - set(wanted))
    _check_names([*files, *unread])
    if len(set(files)) != len(files):
        raise InvalidRequest("One input is named twice.", "Name each file once.")
    return Inputs(tuple(files), tuple(unread))


def _own(recipe: Recipe) -> tuple[Path, ...]:
    """What the recipe reads by itself."""
    if recipe.source != "history":
        noun = "documents" if recipe.source else "rows"
        raise InvalidRequest(f"{recipe.name} needs {noun}.", "Name a file or a folder with --in.")
    if not history_file().exists():
        raise InvalidRequest("There are no conversations yet.", "`workbench chat` has them.")
    return (history_file(),)


def _check_names(paths: Sequence[Path]) -> None:
    """Names are told in files of UTF-8."""
    for path in paths:
        shown = str(path).encode("utf-8", "replace").decode()
        if shown != str(path):
            raise InvalidRequest(f"The name of {shown} is not UTF-8.", "Rename the file.")


def _nothing_in(folder: Path, *, documents: bool) -> InvalidRequest:
    if documents:
        return InvalidRequest(
            f"{folder} holds no documents.", "Give PDF, DOCX, HTML, Markdown or plain text."
        )
    return InvalidRequest(f"{folder} holds no files of rows.", "Give JSONL, JSON, CSV, TSV or Parquet.")


def _inside(folder: Path) -> Iterator[Path]:
    """All files below the folder that are not hidden."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(name.startswith(".") for name in path.relative_to(folder).parts):
            yield path


def _is_wanted(recipe: Recipe, path: Path, folder: Path) -> bool:
    """Links that lead out of a folder of documents are not followed."""
    if recipe.source != "documents":
        return suffix_of(path) in ROWS
    return suffix_of(path) in DOCUMENTS and path.resolve().is_relative_to(folder.resolve())
