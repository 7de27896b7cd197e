"""Every backend and whether it can run here; a broken one is told like one that lacks something.

`doctor` and `backends` share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench import registry, wording
from workbench.backend import Status
from workbench.cli import output
from workbench.engine_device import EngineDevice
from workbench.errors import EngineUnavailable

Devices = Mapping[str, tuple[EngineDevice, ...]]
"""What each backend computes on, by its name."""


def statuses() -> dict[str, Status]:
    return {name: _status(name) for name in registry.names()}


def _status(name: str) -> Status:
    try:
        return registry.load(name).status()
    except EngineUnavailable as error:
        return Status(available=False, remedy=f"{error.message} {error.remedy}")


def devices(rpc_servers: Sequence[str] = ()) -> Devices:
    """Those of the backends that can run here, and of the servers as far as a backend can use them.

    Each is asked in a process, which takes a moment; what goes wrong is told.
    """
    from workbench.machine.engines import engine_sights

    available = [name for name, status in statuses().items() if status.available]
    sights = engine_sights(available, rpc_servers)
    for sight in sights.values():
        if sight.problem:
            output.note(output.on_one_line(sight.problem))
    return {name: sight.devices for name, sight in sights.items()}


def documents(seen: Devices | None = None) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "available": status.available,
            "version": status.version,
            "remedy": status.remedy,
            "runs": _runs(name),
            **({} if seen is None else {"devices": [device.name for device in seen.get(name, ())]}),
        }
        for name, status in statuses().items()
    ]


def print_statuses(seen: Devices | None = None) -> None:
    """The remedies stand below: they are commands, and long."""
    found = statuses()
    output.table(
        ("engine", "runs here", "version", "runs", *(() if seen is None else ("on",))),
        [
            (
                name,
                "yes" if status.available else "no",
                status.version,
                _runs(name),
                *(() if seen is None else (", ".join(map(_device, seen.get(name, ()))),)),
            )
            for name, status in found.items()
        ],
    )
    for name, status in found.items():
        if status.remedy:
            output.note(f"{name}: {status.remedy}")


def _runs(name: str) -> str:
    try:
        return registry.load(name).runs
    except EngineUnavailable:
        return ""


def _device(device: EngineDevice) -> str:
    size = "" if device.memory_total is None else f" ({wording.size(device.memory_total)})"
    return device.name + size
