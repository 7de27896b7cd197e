"""Every backend and whether it can run here; a broken one is told like one that lacks something.

`doctor` and `backends` share it.
"""

from __future__ import annotations

from workbench import registry
from workbench.backend import Status
from workbench.cli import output
from workbench.errors import EngineUnavailable


def statuses() -> dict[str, Status]:
    return {name: _status(name) for name in registry.names()}


def _status(name: str) -> Status:
    try:
        return registry.load(name).status()
    except EngineUnavailable as error:
        return Status(available=False, remedy=f"{error.message} {error.remedy}")


def documents() -> list[dict[str, object]]:
    return [
        {"name": name, "available": status.available, "version": status.version, "remedy": status.remedy}
        for name, status in statuses().items()
    ]


def print_statuses() -> None:
    output.table(
        ("engine", "runs here", "version", "remedy"),
        [
            (name, "yes" if status.available else "no", status.version, status.remedy)
            for name, status in statuses().items()
        ],
    )
