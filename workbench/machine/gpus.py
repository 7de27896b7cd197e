"""The graphics cards that the system knows of, found without loading an engine.

Knows nothing of what an engine can use; an engine built without the right library sees none of them.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from workbench.errors import InvalidRequest
from workbench.machine import metal, nvml
from workbench.machine.asking import Unanswered
from workbench.machine.cards import card
from workbench.machine.drm_processes import drm_processes
from workbench.machine.pci_cards import PciCard, pci_cards
from workbench.memory import GpuApi, VirtualGpu

_APIS: dict[str, GpuApi] = {"AMD": "hip", "Intel": "vulkan", "NVIDIA": "cuda"}


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that holds memory on a card: its name, "" where hidden, and bytes, None where not told."""

    pid: int
    name: str
    memory: int | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card. What the system does not tell is None or empty.

    Attributes:
        memory: Bytes; memory_free is what is left of them. Of a unified GPU, what it may use of the RAM.
        api: How engines reach it best.
        bus_id: Its place on the PCI bus, such as "0000:01:00.0".
        driver: The driver and its version; runtime is the newest version of its API, such as CUDA "12.4".
        bandwidth: Bytes a second between its memory and its processors, by the data sheet.
    """

    name: str
    memory: int | None = None
    memory_free: int | None = None
    api: GpuApi | None = None
    bus_id: str = ""
    driver: str = ""
    runtime: str = ""
    multiprocessors: int | None = None
    compute_capability: tuple[int, int] | None = None
    bandwidth: float | None = None
    unified: bool = False
    processes: tuple[GpuProcess, ...] = ()


@dataclass(frozen=True, slots=True)
class GpuSurvey:
    """The cards, and what could not be found out about them, in sentences."""

    gpus: tuple[Gpu, ...]
    problems: tuple[str, ...] = ()


def survey(root: Path = Path("/")) -> GpuSurvey:
    """Every card that can be found; takes seconds at most, also where a driver hangs."""
    problems: list[str] = []
    if platform.system() == "Darwin":
        return _of_macos()
    try:
        told = nvml.report(root)
    except (Unanswered, ValueError) as error:
        told = {}
        problems.append(str(error))
    by_nvml = [_from_nvml(entry, told) for entry in told.get("gpus", ())]
    known = {gpu.bus_id for gpu in by_nvml}
    users = drm_processes(root)
    others = [_from_pci(one, users) for one in pci_cards(root) if one.bus_id not in known]
    found = _without_doubt(by_nvml, others) or _from_driver(root / "proc" / "driver" / "nvidia")
    return GpuSurvey(tuple(_completed(gpu) for gpu in found), tuple(problems))


def gpus(root: Path = Path("/")) -> tuple[Gpu, ...]:
    return survey(root).gpus


def as_card(gpu: Gpu) -> VirtualGpu | None:
    """The same card as a value that an estimator takes; None where its memory is unknown."""
    if gpu.memory is None:
        return None
    return VirtualGpu(
        name=gpu.name,
        memory_bytes=gpu.memory,
        api=gpu.api or "vulkan",
        multiprocessors=gpu.multiprocessors,
        compute_capability=gpu.compute_capability,
        bandwidth_bytes_per_second=gpu.bandwidth,
        unified=gpu.unified,
    )


def _from_nvml(entry: Mapping[str, Any], told: Mapping[str, Any]) -> Gpu:
    capability = entry["compute_capability"]
    return Gpu(
        entry["name"],
        entry["memory"],
        entry["memory_free"],
        "cuda",
        entry["bus_id"],
        f"nvidia {told['driver']}".strip(),
        told["cuda"],
        entry["multiprocessors"],
        (capability[0], capability[1]) if capability else None,
        entry["bandwidth"],
        processes=tuple(_process(**process) for process in entry["processes"]),
    )


def _process(pid: int, name: str, memory: int | None) -> GpuProcess:
    if not name:
        try:
            name = psutil.Process(pid).name()
        except psutil.Error:
            name = ""
    return GpuProcess(pid, name, memory)


def _from_pci(one: PciCard, users: Mapping[str, Sequence[tuple[int, int]]]) -> Gpu:
    free = None if one.memory is None or one.memory_used is None else max(0, one.memory - one.memory_used)
    processes = tuple(_process(pid, "", memory) for pid, memory in users.get(one.bus_id, ()))
    return Gpu(one.name, one.memory, free, _APIS[one.vendor], one.bus_id, one.driver, processes=processes)


def _without_doubt(by_nvml: list[Gpu], others: list[Gpu]) -> list[Gpu]:
    """NVIDIA's cards once, also where the driver and the bus name their places differently."""
    if by_nvml and not any(gpu.bus_id for gpu in by_nvml):
        others = [gpu for gpu in others if gpu.api != "cuda"]
    return [*by_nvml, *others]


def _from_driver(driver: Path) -> list[Gpu]:
    found = []
    for information in sorted(driver.glob("gpus/*/information")):
        try:
            lines = information.read_text(errors="replace").splitlines()
        except OSError:
            continue
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
        found += [Gpu(name, api="cuda", bus_id=information.parent.name, driver="nvidia") for name in names]
    return found


def _completed(gpu: Gpu) -> Gpu:
    """With what the table of cards says where the system says nothing."""
    try:
        published = card(gpu.name)
    except InvalidRequest:
        return gpu
    if gpu.api not in (None, published.api) and gpu.api != "cuda":
        return gpu
    return replace(
        gpu,
        memory=gpu.memory or (None if published.unified else published.memory_bytes),
        multiprocessors=gpu.multiprocessors or published.multiprocessors,
        compute_capability=gpu.compute_capability or published.compute_capability,
        bandwidth=published.bandwidth_bytes_per_second or gpu.bandwidth,
    )


def _of_macos() -> GpuSurvey:
    ram = psutil.virtual_memory().total
    try:
        found = metal.metal_gpus(ram)
    except Unanswered as error:
        return GpuSurvey((), (str(error),))
    cards = (
        Gpu(one.name, one.memory, api="metal", multiprocessors=one.cores, unified=one.memory is not None)
        for one in found
    )
    return GpuSurvey(tuple(_completed(gpu) for gpu in cards))
