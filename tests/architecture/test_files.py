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


def test_the_source_roots_hold_only_uniquely_named_packages() -> None:
    for root in ("backends", "recipes", "assets"):
        folders = {file.parts[1] for file in MODULES if file.parts[0] == root}
        assert all(folder.startswith(("workbench_", "guide_")) for folder in folders)
        assert not any(file == Path(root, "__init__.py") for file in MODULES)
