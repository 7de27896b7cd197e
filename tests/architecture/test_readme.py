"""What README.md says can be done: its commands, options, exit codes and tree are those of the program."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePath

import click
import pytest

from tests.architecture.repository import ROOT, files
from workbench.cli.exit_codes import ExitCode
from workbench.cli.main import cli

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
LINES = [line.partition("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]
SPANS = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", README, flags=re.DOTALL | re.MULTILINE))
CALLS = [text for text in (*LINES, *SPANS) if re.search(r"(^|[ /])workbench( |$)", text)]
TREE = next(block for block in BLOCKS if block.startswith("workbench/"))
TEST_COMMANDS = ("uv run pytest -n 2", ".venv/bin/pytest -n 2")


def command_names() -> list[str]:
    return cli.list_commands(click.Context(cli))


def arguments(call: str) -> list[str]:
    """What follows `workbench` in a line of shell, up to the end of that command."""
    words = shlex.split(call)
    start = next(index for index, word in enumerate(words) if word.split("/")[-1] == "workbench")
    return list(words[start + 1 :])


@pytest.mark.parametrize("call", CALLS)
def test_every_call_names_a_command_and_options_that_exist(call: str) -> None:
    name, *rest = arguments(call) or ["--help"]
    if name.startswith("-"):
        return
    assert name in command_names()
    command = cli.get_command(click.Context(cli), name)
    if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        command = command.get_command(click.Context(command), rest.pop(0))
    assert command is not None
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)} <= known | {"--help"}


def test_every_command_is_in_the_table() -> None:
    rows = re.findall(r"^\| `workbench ([a-z-]+)", README, re.MULTILINE)
    assert sorted(rows) == sorted(command_names())


def test_every_exit_code_is_told() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+?) \|$", README, re.MULTILINE))
    assert {int(code) for code in rows} == {int(code) for code in ExitCode}


def tree_paths() -> Iterator[PurePath]:
    """What the tree names: a line holds names, two spaces, and what they are; two in front go one down."""
    folder = PurePath()
    for line in TREE.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split()
        if not line.startswith(" "):
            folder = PurePath(names[0]) if names[0].endswith("/") else PurePath()
            yield from map(PurePath, names)
        else:
            yield from (folder / name for name in names)


def test_the_tree_names_what_there_is() -> None:
    told, kept = set(tree_paths()), files()
    folders = {parent for file in kept for parent in file.parents if len(parent.parts) in (1, 2)}
    assert told - folders - set(kept) == set()
    assert folders - told == {PurePath(".ci")}


@pytest.mark.parametrize("command", TEST_COMMANDS)
def test_continuous_integration_runs_the_test_command_of_the_readme(command: str) -> None:
    assert any(line.endswith(command) for line in LINES)
    assert f'test_command="{command}"' in (ROOT / ".ci" / "run").read_text()
