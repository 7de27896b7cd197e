"""The house rules that can be counted: docstrings, sizes and names of files."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, files

MODULES = [file for file in files() if file.suffix == ".py"]
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "core"}
LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "package-lock.json"}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_says_what_it_is_and_is_short(module: Path) -> None:
    source = (ROOT / module).read_text()
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= 300


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_is_named_for_what_it_holds(module: Path) -> None:
    if module.is_relative_to("tests"):
        assert module.stem not in VAGUE_NAMES
    else:
        assert not VAGUE_NAMES & {module.stem, *module.parts}


def test_no_lock_file_is_committed() -> None:
    assert not LOCK_FILES & {file.name for file in files()}
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "uv.lock"], cwd=ROOT)
    assert ignored.returncode == 0


def test_the_top_of_the_tree_is_small() -> None:
    plain = {file.parts[0] for file in files() if not file.parts[0].startswith(".")}
    folders = {"workbench", "backends", "recipes", "tests", "assets"}
    assert plain == folders | {"pyproject.toml", "README.md", "LICENSE"}


def test_packages_beside_the_application_have_names_of_their_own() -> None:
    """A package called `recipes` or `backends` would share its folder with another project's."""
    packages = {file.parent for file in MODULES if file.name == "__init__.py" and len(file.parts) <= 3}
    beside = {package for package in packages if package.parts[0] in ("backends", "recipes", "assets")}
    assert beside
    assert all(len(package.parts) == 2 and package.name.startswith("workbench_") for package in beside)
