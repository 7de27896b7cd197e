"""What this machine is, for someone who wants to run a model on it. Shows a Machine."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import ProgressBar, Static

from workbench import wording
from workbench.machine import Machine

NO_GPU = "None found. Models run on the processor: small ones feel quick, large ones take patience."


class MachinePanel(Vertical):
    """One row for each part of the machine."""

    def compose(self) -> ComposeResult:
        yield Static("Looking around…", classes="waiting")

    async def show(self, machine: Machine) -> None:
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all(_rows(machine))


def _rows(machine: Machine) -> list[Widget]:
    graphics = [f"{gpu.name}{_memory(gpu.memory)}" for gpu in machine.gpus] or [NO_GPU]
    return [
        _row("Processor", Static(machine.cpu or "unknown", markup=False)),
        _row("Cores", Static(_cores(machine), markup=False)),
        _row("Memory", _memory_bar(machine)),
        _row("Graphics", Static("\n".join(graphics), markup=False)),
        _row("System", Static(machine.platform, markup=False)),
    ]


def _row(label: str, value: Widget) -> Widget:
    return Horizontal(Static(label, classes="label", markup=False), value, classes="row")


def _cores(machine: Machine) -> str:
    return (
        f"{wording.count(machine.physical_cores, 'core')}, {wording.count(machine.logical_cores, 'thread')}"
    )


def _memory(number_of_bytes: int | None) -> str:
    return "" if number_of_bytes is None else f", {wording.size(number_of_bytes)}"


def _memory_bar(machine: Machine) -> Widget:
    bar = ProgressBar(total=machine.ram_total, show_eta=False, show_percentage=False)
    bar.progress = machine.ram_total - machine.ram_free
    words = f"{wording.size(machine.ram_free)} of {wording.size(machine.ram_total)} free"
    return Horizontal(bar, Static(words, markup=False), classes="memory")
