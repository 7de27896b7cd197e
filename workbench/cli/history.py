"""`workbench history`: how speeds changed, what made them, and how machines or models compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from workbench.benchmark.history import RunRecord, RunStore
from workbench.benchmark.history.exchange import as_csv, as_json, read_runs
from workbench.benchmark.history.selecting import compared, runs_of
from workbench.cli import history_report, output
from workbench.cli.options import json_option
from workbench.errors import InvalidRequest
from workbench.models.transfer.disk import unwritable
from workbench.whole_file import write_whole

_FORMATS = {".json": as_json, ".csv": as_csv}


@click.command()
@click.argument("model", required=False)
@click.option(
    "--compare",
    nargs=2,
    metavar="A B",
    help="Compare two machines, two models, or two files that --export wrote.",
)
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the runs to a .json or .csv file.",
)
@click.option(
    "--import",
    "imported",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Add the runs of a .json file, such as another machine's.",
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many to list.")
@click.option("--memory", is_flag=True, help="List loads instead: memory predicted, and memory taken.")
@json_option
def history(
    *,
    model: str | None,
    compare: tuple[str, str] | None,
    export: Path | None,
    imported: Path | None,
    limit: int,
    memory: bool,
    as_json: bool,
) -> None:
    """Show what `workbench bench` measured before: of all models, or of MODEL with its trend.

    An update of the engine, a driver or the kernel is told with what it did to the speeds. A change is told
    where it is beyond the noise between runs, which is wrong in one of a hundred comparisons at most.
    """
    if memory:
        from workbench.cli.memory_history import print_memory

        print_memory(limit, as_json)
        return
    with RunStore() as store:
        if imported is not None:
            _tell_import(store.keep(*read_runs(imported)), imported)
        every = store.runs()
    runs = runs_of(every, model) if model is not None else every
    if export is not None:
        _export(export, runs)
    elif compare is not None:
        history_report.show_comparison(*compare, compared(runs, *compare), as_json)
    elif model is not None:
        history_report.show_model(runs, limit, as_json)
    elif imported is None or as_json:
        history_report.show_overview(runs, limit, as_json)


def _tell_import(new: int, file: Path) -> None:
    output.note(f"{new} runs of {file} are new here." if new else f"All runs of {file} were here already.")


def _export(file: Path, runs: Sequence[RunRecord]) -> None:
    if file.suffix not in _FORMATS:
        raise InvalidRequest(f"{file} is neither .json nor .csv.", "Give the file one of these endings.")
    try:
        write_whole(file, _FORMATS[file.suffix](runs))
    except OSError as error:
        raise unwritable(file, error) from error
    output.note(f"{len(runs)} runs are in {file}.")
