"""All that can be found out about this machine, each part for a bounded time and none stopping another.

Knows nothing of how it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from workbench import registry
from workbench.errors import WorkbenchError
from workbench.machine import bandwidth, disk
from workbench.machine.advice import Advice, InstallCommand, advice
from workbench.machine.engines import EngineSight, engine_sights, remember
from workbench.machine.measurements import Measurement
from workbench.machine.probe import Machine, machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """The machine, what each engine sees of it, how fast its memory and disk are, and what is missing.

    Speeds are in bytes a second, None where they could not be measured; `problems` says why.
    """

    machine: Machine
    sights: dict[str, EngineSight]
    memory_speed: Measurement | None
    disk_speed: Measurement | None
    advice: tuple[Advice, ...]
    problems: tuple[str, ...]


def checkup(
    engines: Iterable[str], folder: Path, *, anew: bool = False, rpc_servers: Sequence[str] = ()
) -> Checkup:
    """Ask these engines, about the servers' devices too, and measure the disk under `folder`.

    `anew` measures what was measured before too.
    """
    names = list(engines)
    problems: list[str] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        sights = pool.submit(engine_sights, names, rpc_servers)
        here = pool.submit(machine).result()
        found = sights.result()
    for name, sight in found.items():
        remember(name, sight)
    memory = _measured(bandwidth.recalled(here), lambda: bandwidth.measure(here), anew, problems)
    read = _measured(disk.recalled(folder), lambda: disk.measure(folder), anew, problems)
    return Checkup(
        machine=here,
        sights=found,
        memory_speed=memory,
        disk_speed=read,
        advice=tuple(advice(here, found, {name: _command_of(name) for name in names})),
        problems=(*here.problems, *(one.problem for one in found.values() if one.problem), *problems),
    )


def _command_of(name: str) -> InstallCommand:
    return registry.load(name).install_command


def _measured(
    before: Measurement | None, measure: Callable[[], Measurement], anew: bool, problems: list[str]
) -> Measurement | None:
    if before is not None and not anew:
        return before
    try:
        return measure()
    except WorkbenchError as error:
        problems.append(error.message)
        return None
