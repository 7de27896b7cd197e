"""`workbench doctor`: what this machine is, what can run on it, and what to do where something cannot."""

from __future__ import annotations

import click

from workbench import __version__, paths
from workbench.cli import machine_report, output
from workbench.cli.backend_statuses import documents, print_statuses, statuses
from workbench.cli.options import json_option, rpc_option
from workbench.cli.sections import SectionedCommand
from workbench.cli.terminal import StatusLine
from workbench.machine.checkup import Checkup, checkup


@click.command(cls=SectionedCommand)
@click.option("--measure", is_flag=True, help="Measure memory and disk again; else once on a machine.")
@rpc_option
@json_option
def doctor(*, measure: bool, rpc_servers: tuple[str, ...], as_json: bool) -> None:
    """Say what this machine is and what can run on it.

    The speeds of memory and disk are measured the first time and then remembered.
    """
    found = _examined(measure, rpc_servers)
    if as_json:
        output.document(
            {
                "workbench": __version__,
                **machine_report.document(found),
                "folders": {"models": str(paths.models_folder()), "history": str(paths.history_file())},
                "backends": documents(),
            }
        )
        return
    _print(found)


def _examined(measure: bool, rpc_servers: tuple[str, ...]) -> Checkup:
    status = StatusLine()
    status.show("looking at the machine")
    try:
        available = [name for name, one in statuses().items() if one.available]
        return checkup(available, paths.models_folder(), anew=measure, rpc_servers=rpc_servers)
    finally:
        status.clear()


def _print(found: Checkup) -> None:
    machine_report.print_facts(iter([("workbench", __version__)]))
    machine_report.print_facts(machine_report.facts(found))
    places = [("models", str(paths.models_folder())), ("history", str(paths.history_file()))]
    machine_report.print_facts(iter(places))
    output.line()
    print_statuses()
    machine_report.print_devices(found)
    machine_report.print_missing(found)
