"""What a model takes on each device, as bars stacked of what it takes it for, against what is free there."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content
from textual.widgets import Static

from workbench import wording
from workbench.memory import DeviceMemory
from workbench.tui.fitting import Outlook

_PARTS = (
    ("weights", "$primary"),
    ("context", "$accent"),
    ("compute", "$secondary"),
    ("overhead", "$warning"),
)
_LEAST_CELLS = 10


class MemoryBars(Static):
    """Two lines for each device: the bar with what is free, and the parts in their colours."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._outlook: Outlook | None = None

    def show(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._outlook is not None:
            lines = _lines(self._outlook, max(_LEAST_CELLS, self.size.width))
            self.update(Content("\n").join(list(lines)))


def _lines(outlook: Outlook, cells: int) -> Iterator[Content]:
    estimate, budget = outlook.estimate, outlook.budget
    frees = (*budget.devices, *[0] * len(estimate.devices))[: len(estimate.devices)]
    for place, free in zip((*estimate.devices, estimate.host), (*frees, budget.host), strict=True):
        yield _heading(place, place is estimate.host, free)
        yield _bar(place, free, cells)
        yield _parts(place)


def _heading(place: DeviceMemory, is_host: bool, free: int) -> Content:
    taken = f"{wording.size(place.total_bytes)} of {wording.size(free)}"
    style = "$text-error bold" if place.total_bytes - place.mapped_bytes > free else "$foreground 60%"
    return Content.assemble(("Main memory" if is_host else place.name, "bold"), "  ", (taken, style))


def _bar(place: DeviceMemory, free: int, cells: int) -> Content:
    """As wide as what is free, or as what is taken where that is more; the excess stands out."""
    whole = max(free, place.total_bytes, 1)
    limit = round(free / whole * cells)
    spans, end, taken = [], 0, 0
    for part, style in _PARTS:
        begun, taken = end, taken + getattr(place, f"{part}_bytes")
        end = round(taken / whole * cells)
        within = min(max(0, limit - begun), end - begun)
        spans += [("█" * within, style), ("▓" * (end - begun - within), "$error")]
    return Content.assemble(*spans, ("░" * (cells - end), "$foreground 20%"))


def _parts(place: DeviceMemory) -> Content:
    told = [
        Content.assemble(("■", style), _together(f" {part} {wording.size(getattr(place, f'{part}_bytes'))}"))
        for part, style in _PARTS
        if getattr(place, f"{part}_bytes")
    ]
    return Content("  ").join(told)


def _together(words: str) -> str:
    """On one line."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")
