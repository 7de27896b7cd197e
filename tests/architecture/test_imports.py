"""What an import brings with it, seen in sys.modules of fresh interpreters.

The static graph that import-linter reads shows neither deferred imports nor what other people's code brings.
"""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from tests.architecture.repository import ROOT, modules_after, pyproject

ENGINE_LIBRARIES = {"llama_cpp"}
CORE = next(
    contract
    for contract in pyproject()["tool"]["importlinter"]["contracts"]
    if contract["name"] == "The core knows no interface library"
)
BUNDLED = [
    entry.value.split(":")[0]
    for entry in entry_points(group="workbench.backends")
    if entry.name in pyproject()["project"]["entry-points"]["workbench.backends"]
]


def top_level(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def modules_under(package: str) -> list[str]:
    """The module of that name and all below it."""
    path = ROOT.joinpath(*package.split("."))
    if not path.is_dir():
        return [package]
    return sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in path.rglob("*.py")
    )


def test_the_root_package_imports_nothing_else_of_ours() -> None:
    ours = {"workbench", *(module.partition(".")[0] for module in BUNDLED)}
    assert {name for name in modules_after("import workbench") if name.partition(".")[0] in ours} == {
        "workbench"
    }


def test_help_imports_neither_an_engine_nor_an_interface_library() -> None:
    code = (
        "sys.argv = ['workbench', '--help']; import runpy; runpy.run_module('workbench', run_name='__main__')"
    )
    modules = modules_after(code)
    assert "workbench.cli.main" in modules
    assert not top_level(modules) & {
        "llama_cpp",
        "textual",
        "rich",
        "starlette",
        "uvicorn",
        "msgspec",
        "numpy",
    }


@pytest.mark.parametrize("module", BUNDLED)
def test_importing_a_backend_does_not_import_its_engine(module: str) -> None:
    modules = modules_after(f"import {module}")
    assert module in modules
    assert not top_level(modules) & (ENGINE_LIBRARIES | set(CORE["forbidden_modules"]))


def test_naming_the_backends_imports_none_of_them() -> None:
    modules = modules_after("from workbench import registry; assert registry.names()")
    assert not modules & set(BUNDLED)


def test_loading_a_backend_imports_no_other() -> None:
    modules = modules_after("from workbench import registry; registry.load('scripted')")
    assert modules & set(BUNDLED) == {"workbench_scripted"}


@pytest.mark.parametrize("package", CORE["source_modules"])
def test_the_core_runs_without_interface_and_engine_libraries(package: str) -> None:
    modules = modules_after("import " + ", ".join(modules_under(package)))
    assert package in modules
    assert not top_level(modules) & (ENGINE_LIBRARIES | set(CORE["forbidden_modules"]))


def test_all_of_the_core_is_under_that_rule() -> None:
    parts = {path for path in (ROOT / "workbench").iterdir() if path.is_dir() or path.suffix == ".py"}
    names = {f"workbench.{path.stem}" for path in parts if not path.name.startswith("__")}
    assert names - {"workbench.cli", "workbench.tui", "workbench.server"} == set(CORE["source_modules"])


@pytest.mark.parametrize(
    ("interface", "other"),
    [("workbench.server", {"textual", "rich"}), ("workbench.tui", {"starlette", "uvicorn"})],
)
def test_the_server_and_the_app_do_not_need_each_other(interface: str, other: set[str]) -> None:
    modules = modules_after("import " + ", ".join(modules_under(interface)))
    assert interface in modules
    assert not top_level(modules) & (other | ENGINE_LIBRARIES)
