"""The forms in which `workbench bench` gives what it measured, besides its table and its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from workbench.cli import output

if TYPE_CHECKING:
    from workbench.benchmark import Run

Command = TypeVar("Command", bound=Callable[..., Any])
FORMATS = {
    "csv": "Print CSV, a line for each test.",
    "markdown": "Print a table in Markdown.",
    "llama-bench-json": "Print what `llama-bench -o json` would.",
}


def format_options(command: Command) -> Command:
    """Gives the command `form`, one of FORMATS or "", and `picture`, the path of an SVG file or None."""
    for name in reversed(FORMATS):
        option = click.option(f"--{name}", "form", flag_value=name, default="", help=FORMATS[name])
        command = option(command)
    picture = click.option(
        "--svg", "picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
        help="Write charts over depths and requests at once.",
    )  # fmt: skip
    return picture(command)


def print_in(form: str, runs: Sequence[Run]) -> None:
    match form:
        case "csv":
            from workbench.benchmark.formats.spreadsheet import csv_text

            output.write(csv_text(runs))
        case "markdown":
            from workbench.benchmark.formats.markdown import markdown

            output.write(markdown(runs))
        case _:
            output.line(json.dumps(_as_llama_bench(runs), ensure_ascii=False, indent=2))


def print_charts(runs: Sequence[Run]) -> None:
    """Where more than one depth, or number of requests, was measured."""
    from workbench.benchmark.formats.charts import charts
    from workbench.picture import lettered

    for chart in charts(runs):
        output.line()
        for line in lettered(chart):
            output.line(line)


def write_svg(path: Path, runs: Sequence[Run]) -> None:
    """Raises NoSpace or WorkbenchError where it cannot be written."""
    from workbench.benchmark.formats.charts import charts
    from workbench.models.transfer.disk import unwritable
    from workbench.picture import svg
    from workbench.whole_file import write_whole

    try:
        write_whole(path, svg(*charts(runs, flat=True)).encode())
    except OSError as error:
        raise unwritable(path, error) from error


def _as_llama_bench(runs: Sequence[Run]) -> list[dict[str, Any]]:
    from workbench import registry
    from workbench.benchmark.formats.llama_bench import llama_bench_document
    from workbench.machine import machine

    return llama_bench_document(runs, machine(), registry.load(runs[0].backend).build().commit)
