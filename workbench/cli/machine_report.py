"""A checkup of the machine as `doctor` shows it: lines for a person, one document for a program.

Knows nothing of how anything is found out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from workbench import wording
from workbench.cli import output
from workbench.engine_device import EngineDevice
from workbench.machine import Gpu, Machine
from workbench.machine.checkup import Checkup
from workbench.machine.measurements import Measurement

NO_GPU = "none found; models run on the processor, small ones at a good pace"
_WIDTH = 12


def facts(found: Checkup) -> Iterator[tuple[str, str]]:
    """Name and value of each line; a line that goes on has no name."""
    here = found.machine
    yield "platform", here.platform
    yield "cpu", f"{here.cpu}, {_cores(here)}"
    if here.isa:
        yield "", " ".join(here.isa)
    yield "ram", _ram(here)
    if found.memory_speed:
        yield "", f"{_speed(found.memory_speed)}, {found.memory_speed.how}{_when(found.memory_speed)}"
    for gpu in here.gpus:
        yield "gpu", _gpu(gpu)
        for process in gpu.processes:
            held = wording.size(process.memory) if process.memory is not None else "an unknown amount"
            yield "", f"{held} held by {process.name or 'another program'} ({process.pid})"
    if not here.gpus:
        yield "gpu", NO_GPU
    if found.disk_speed:
        yield "disk", f"{_speed(found.disk_speed)}, {found.disk_speed.how}{_when(found.disk_speed)}"


def print_facts(lines: Iterator[tuple[str, str]]) -> None:
    for name, value in lines:
        output.line(f"{name:<{_WIDTH}}{output.on_one_line(value)}")


def print_devices(found: Checkup) -> None:
    """What each engine computes on, and the instructions that its build uses."""
    rows = [(name, device) for name, sight in found.sights.items() for device in sight.devices]
    if not rows:
        return
    output.line()
    output.table(
        ("engine", "device", "kind", "memory", "free", "what it is, and what the build uses of it"),
        [_row(name, device) for name, device in rows],
        right=(3, 4),
    )


def print_missing(found: Checkup) -> None:
    for one in found.advice:
        output.line(f"\nMissing: {output.on_one_line(one.missing)}")
        if one.command:
            output.line(f"  {output.on_one_line(one.command)}")
    for problem in found.problems:
        output.note(output.on_one_line(problem))


def document(found: Checkup) -> dict[str, Any]:
    here = found.machine
    return {
        "platform": here.platform,
        "cpu": {
            "name": here.cpu,
            "physical_cores": here.physical_cores,
            "logical_cores": here.logical_cores,
            "performance_cores": here.performance_cores,
            "efficiency_cores": here.efficiency_cores,
            "isa": list(here.isa),
        },
        "ram": {
            "total_bytes": here.ram_total,
            "free_bytes": here.ram_free,
            "installed_bytes": here.ram_installed,
            "limit_bytes": here.ram_limit,
            "bandwidth": _measurement(found.memory_speed),
        },
        "gpus": [_gpu_document(gpu) for gpu in here.gpus],
        "disk": {"read": _measurement(found.disk_speed)},
        "devices": {name: [asdict(one) for one in sight.devices] for name, sight in found.sights.items()},
        "missing": [asdict(one) for one in found.advice],
        "problems": list(found.problems),
    }


def _gpu_document(gpu: Gpu) -> dict[str, Any]:
    told = asdict(gpu)
    told["memory_bytes"], told["memory_free_bytes"] = told.pop("memory"), told.pop("memory_free")
    told["bandwidth_bytes_per_second"] = told.pop("bandwidth")
    for process in told["processes"]:
        process["memory_bytes"] = process.pop("memory")
    return told


def _measurement(found: Measurement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"bytes_per_second": round(found.value), "measured": found.measured.isoformat(), "how": found.how}


def _cores(here: Machine) -> str:
    kinds = ""
    if here.performance_cores is not None:
        kinds = f" ({here.performance_cores} fast, {here.efficiency_cores} frugal)"
    cores = wording.count(here.physical_cores, "core")
    return f"{cores}{kinds}, {wording.count(here.logical_cores, 'thread')}"


def _ram(here: Machine) -> str:
    told = f"{wording.size(here.ram_total)}, {wording.size(here.ram_free)} free"
    if here.ram_limit is not None and here.ram_installed is not None:
        told += f"; a container's limit, the machine has {wording.size(here.ram_installed)}"
    return told


def _gpu(gpu: Gpu) -> str:
    memory = "memory unknown" if gpu.memory is None else wording.size(gpu.memory)
    free = "" if gpu.memory_free is None else f", {wording.size(gpu.memory_free)} free"
    shared = " shared with the processor" if gpu.unified else ""
    speed = f", {gpu.bandwidth / 1e9:.0f} GB/s by its data sheet" if gpu.bandwidth else ""
    driver = f", driver {gpu.driver}" if gpu.driver else ""
    return f"{gpu.name}, {memory}{shared}{free}{speed}{driver}"


def _row(engine: str, device: EngineDevice) -> tuple[str, ...]:
    total, free = (
        "" if amount is None else wording.size(amount) for amount in (device.memory_total, device.memory_free)
    )
    what = ": ".join(filter(None, (device.description, " ".join(device.features))))
    return engine, device.name, device.kind, total, free, what


def _speed(found: Measurement) -> str:
    return f"{found.value / 1e9:.1f} GB/s"


def _when(found: Measurement) -> str:
    return f", measured {found.measured.astimezone():%Y-%m-%d %H:%M}"
