"""What keeps this machine from being used fully, and the command that changes it.

Compares the cards that the system knows with the devices that an engine sees. Knows no engine by name: how
one is installed for a kind of card is the engine's own word.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.engine_device import EngineDevice
from workbench.machine.engines import EngineSight
from workbench.machine.gpus import Gpu
from workbench.machine.probe import Machine

InstallCommand = Callable[[str, str], str]
"""From a kind of device and the version of its API to a command, "" for none."""
_ON_THE_CARD = ("gpu", "integrated")
_WORTH_IT = ("AVX2", "AVX512", "AVX512_VNNI", "AVX_VNNI", "AMX_INT8", "DOTPROD", "MATMUL_INT8", "SVE")
"""Instructions that make models markedly faster, where they are there and a build leaves them out."""
_NVIDIA_DRIVERS = {
    "ubuntu": "sudo ubuntu-drivers install",
    "debian": "sudo apt install nvidia-driver",
    "fedora": "sudo dnf install akmod-nvidia",
    "arch": "sudo pacman -S nvidia",
}
_JOIN_GROUPS = "sudo usermod -aG render,video $USER"


@dataclass(frozen=True, slots=True)
class Advice:
    """What is missing, in a sentence, and the command that helps; "" where none is known."""

    missing: str
    command: str = ""


def advice(
    here: Machine,
    sights: Mapping[str, EngineSight],
    commands: Mapping[str, InstallCommand],
    root: Path = Path("/"),
) -> list[Advice]:
    """For the cards' drivers first, then for each engine that asks for anything."""
    usable = []
    found: list[Advice] = []
    for gpu in here.gpus:
        trouble = _trouble(gpu, root) if here.platform.startswith("Linux") else None
        found += [trouble] if trouble else []
        usable += [] if trouble else [gpu]
    for name, sight in sights.items():
        if sight.devices and not sight.problem:
            found += _of_engine(name, sight.devices, usable, here.isa, commands[name])
    return list(dict.fromkeys(found))


def _trouble(gpu: Gpu, root: Path) -> Advice | None:
    if gpu.api == "cuda" and not gpu.driver.startswith("nvidia"):
        instead = f" (only {gpu.driver})" if gpu.driver else ""
        command = _NVIDIA_DRIVERS.get(_distribution(root), "")
        return Advice(f"NVIDIA's driver for the {gpu.name} is not loaded{instead}.", command)
    if gpu.api in ("hip", "vulkan") and gpu.driver:
        devices = [root / "dev" / "kfd", *(root / "dev" / "dri").glob("renderD*")]
        if any(device.exists() and not os.access(device, os.R_OK | os.W_OK) for device in devices):
            return Advice(
                f"You may not use the {gpu.name}: join the groups it belongs to, and log in again.",
                _JOIN_GROUPS,
            )
    return None


def _distribution(root: Path) -> str:
    try:
        lines = (root / "etc" / "os-release").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line[3:].strip("\"'") for line in lines if line.startswith("ID=")), "")


def _of_engine(
    name: str, seen: Iterable[EngineDevice], gpus: Iterable[Gpu], isa: Iterable[str], command: InstallCommand
) -> Iterator[Advice]:
    devices = list(seen)
    for gpu in gpus:
        install = command(gpu.api, gpu.runtime) if gpu.api else ""
        if install and gpu.memory and not any(_is_same(device, gpu) for device in devices):
            yield Advice(f"{name} was built without support for the {gpu.name}.", install)
    used = {feature for device in devices if device.kind == "cpu" for feature in device.features}
    left_out = [one for one in isa if one in _WORTH_IT and one not in used]
    if used and left_out:
        yield Advice(
            f"{name} was built without {', '.join(left_out)}, which this processor has.", command("cpu", "")
        )
    for device in devices:
        if device.kind == "software":
            yield Advice(
                f"{name}'s {device.name} is no card: {device.description} computes on the processor."
            )


def _is_same(device: EngineDevice, gpu: Gpu) -> bool:
    """By place; where either does not tell its own, any card the engine sees is taken for it."""
    if device.kind not in _ON_THE_CARD:
        return False
    return not device.bus_id or not gpu.bus_id or device.bus_id == gpu.bus_id
