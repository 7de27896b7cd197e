"""`workbench pull`: models from the hub or from an address, whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.option_types import BYTES
from workbench.cli.options import json_option
from workbench.cli.transfer_report import report_on
from workbench.errors import WorkbenchError
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.pulling import Pulled, PullRequest
from workbench.models.transfer.wanted import pull_remembered, remembered


@click.command()
@click.argument("names", nargs=-1, metavar="MODEL...")
@click.option("--unfinished", is_flag=True, help="Go on with everything that was interrupted.")
@click.option("--sha256", default="", help="What the file at an address must hash to.")
@click.option("--no-mmproj", is_flag=True, help="Leave out the projector of a model that sees or hears.")
@click.option("--limit", type=BYTES, help="Use no more than so many bytes a second, such as 5M.")
@click.option("--connections", type=click.IntRange(1, 16), help="Connections at once; found out if left out.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Give up after so many seconds without a byte.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the file at an address; the models folder if left out.",
)
@click.option("--xet", is_flag=True, help="Fetch by the hub's Xet protocol; not resumed, hashed afterwards.")
@json_option
def pull(
    *,
    names: tuple[str, ...],
    unfinished: bool,
    sha256: str,
    no_mmproj: bool,
    limit: float | None,
    connections: int | None,
    patience: float,
    folder: Path | None,
    xet: bool,
    as_json: bool,
) -> None:
    """Bring models onto this machine.

    MODEL is org/repo:QUANT, org/repo/file.gguf or an https address. Files of the hub go into the Hugging Face
    cache, where other programs find them. What was interrupted goes on where it stopped when the same command
    is run again.
    """
    if sha256 and len(names) > 1:
        raise click.UsageError("--sha256 goes with one address.")
    if not names and not unfinished:
        raise click.UsageError("Name a model, or give --unfinished.")
    limits = Limits(connections, limit, patience, xet)
    requests = [
        PullRequest(name=name, sha256=sha256, projector=not no_mmproj, folder=folder, limits=limits)
        for name in names
    ]
    _bring_all([*requests, *(replace(each, limits=limits) for each in remembered() if unfinished)], as_json)


def _bring_all(requests: list[PullRequest], as_json: bool) -> None:
    """One after the other; a failure is told and does not stop the rest."""
    failures: list[WorkbenchError] = []
    for request in requests:
        try:
            _bring(request, as_json)
        except WorkbenchError as error:
            failures.append(error)
            if as_json:
                failed = {"name": request.name, "error": error.kind, "message": error.message}
                output.json_line({"event": "failed", **failed})
            elif len(requests) > 1:
                output.note(f"{request.name}: {error}")
    if failures:
        raise failures[0]


def _bring(request: PullRequest, as_json: bool) -> None:
    try:
        with report_on(request.name, as_json) as report:
            pulled = pull_remembered(request, report, Event())
    except KeyboardInterrupt:
        output.note("What has arrived is kept; the same command goes on.")
        raise
    _tell(pulled, as_json)


def _tell(pulled: Pulled, as_json: bool) -> None:
    if as_json:
        output.json_line(
            {
                "event": "done",
                "name": pulled.name,
                "paths": [str(path) for path in pulled.paths],
                "size_bytes": pulled.size_bytes,
                "sha256": pulled.sha256,
                "checked_against": pulled.checked_against,
                "was_here": pulled.was_here,
            }
        )
        return
    for path in pulled.paths:
        output.line(str(path))
    output.note(f"{wording.received(pulled)}.")
    if not pulled.checked_against and not pulled.was_here:
        output.note(f"Its SHA-256 is {pulled.sha256}.")
