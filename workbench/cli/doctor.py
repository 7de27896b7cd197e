"""`workbench doctor`: what this machine is, what can run on it, and what to do where something cannot."""

from __future__ import annotations

import click

from workbench import __version__, paths, wording
from workbench.cli import output
from workbench.cli.backend_statuses import documents, print_statuses
from workbench.cli.options import json_option
from workbench.machine import Machine, machine


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Say what this machine is and what can run on it."""
    here = machine()
    if as_json:
        output.document(_document(here))
        return
    _print(here)
    output.line()
    print_statuses()


def _document(here: Machine) -> dict[str, object]:
    return {
        "workbench": __version__,
        "platform": here.platform,
        "cpu": {
            "name": here.cpu,
            "physical_cores": here.physical_cores,
            "logical_cores": here.logical_cores,
        },
        "ram": {"total_bytes": here.ram_total, "free_bytes": here.ram_free},
        "gpus": [{"name": gpu.name, "memory_bytes": gpu.memory} for gpu in here.gpus],
        "folders": {"models": str(paths.models_folder()), "history": str(paths.history_file())},
        "backends": documents(),
    }


def _print(here: Machine) -> None:
    gpus = ", ".join(gpu.name + (f" ({wording.size(gpu.memory)})" if gpu.memory else "") for gpu in here.gpus)
    facts = {
        "workbench": __version__,
        "platform": here.platform,
        "cpu": f"{here.cpu}, {here.physical_cores} cores, {here.logical_cores} threads",
        "ram": f"{wording.size(here.ram_total)}, {wording.size(here.ram_free)} free",
        "gpu": gpus or "none found",
        "models": str(paths.models_folder()),
        "history": str(paths.history_file()),
    }
    for name, value in facts.items():
        output.line(f"{name:<10}{value}")
