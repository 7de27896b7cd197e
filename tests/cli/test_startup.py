"""What the command costs before it does anything, and what it says when it is asked for nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.process import Workbench
from workbench import __version__
from workbench.cli.main import COMMANDS

MODULES = """
import json, sys
from workbench.cli.main import main
sys.argv = ["workbench", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
HEAVY = {"llama_cpp", "textual", "rich", "starlette", "uvicorn", "msgspec", "jinja2", "asyncio", "numpy"}


def modules_after(workbench: Workbench, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", MODULES, *arguments],
        capture_output=True,
        text=True,
        env=workbench.environment,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_no_command_and_nothing_heavy(workbench: Workbench) -> None:
    imported = modules_after(workbench, "--help")
    assert not imported & HEAVY
    assert not imported & {target.partition(":")[0] for target, _ in COMMANDS.values()}


@pytest.mark.parametrize("arguments", [["models"], ["doctor"], ["history"], ["run", "--help"]])
def test_no_command_imports_an_engine_or_a_screen(workbench: Workbench, arguments: list[str]) -> None:
    assert not modules_after(workbench, *arguments) & {"llama_cpp", "textual", "starlette", "uvicorn"}


def test_help_lists_every_command_in_order(workbench: Workbench) -> None:
    shown = workbench("--help")
    assert shown.returncode == 0
    assert [shown.stdout.index(f"\n  {name} ") for name in COMMANDS] == sorted(
        shown.stdout.index(f"\n  {name} ") for name in COMMANDS
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_imported_and_has_help(workbench: Workbench, name: str) -> None:
    shown = workbench(name, "--help")
    assert shown.returncode == 0
    assert f"workbench {name}" in shown.stdout


def test_version(workbench: Workbench) -> None:
    assert workbench("--version").stdout == f"workbench {__version__}\n"


def test_the_app_is_refused_without_a_terminal(workbench: Workbench) -> None:
    refused = workbench()
    assert refused.returncode == 2
    assert "needs a terminal" in refused.stderr


def test_a_mistyped_command_is_a_mistake_of_usage(workbench: Workbench) -> None:
    refused = workbench("serv", "guide")
    assert refused.returncode == 2
    assert "serve" in refused.stderr


def test_alone_on_a_terminal_it_opens_the_app(workbench: Workbench) -> None:
    terminal = workbench.on_terminal()
    terminal.wait_for("\x1b[?1049h")
    terminal.wait_for("guide")
    terminal.type("\x11")
    assert terminal.end() == 0
