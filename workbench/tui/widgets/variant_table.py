"""What of a repository can be fetched, a row for each variant, to choose one from.

Knows neither hub nor machine; the rows are written elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from workbench.models.hub.variants import Variant
from workbench.repository_facts import NUMBERS
from workbench.tui.widgets.choice_list import Chosen
from workbench.tui.widgets.columns import fitted

GAP = 2
PADDING = 3
"""Beside the line: one cell on each side, and the scroll bar."""
CUTS = (("mmproj", 12), ("fits here", 9), ("quant", 10), ("mmproj", 4), ("fits here", 5))
"""What is cut where there is little room, down to so many cells, one after the other."""
FITS = {"yes": "$text-success", "tight": "$text-warning", "no": "$text-error"}

Row = tuple[str, ...]


class VariantTable(Vertical):
    """Headings above a list; posts the Chosen variant. What cannot be fetched cannot be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._variants: Sequence[Variant] = ()
        self._headings: Row = ()
        self._rows: Sequence[Row] = ()

    def compose(self) -> ComposeResult:
        yield Static(id="headings", markup=False)
        yield OptionList(classes="list", markup=False)

    def show(self, variants: Sequence[Variant], headings: Row, rows: Sequence[Row]) -> None:
        """A row for each variant, under these headings."""
        self._variants, self._headings, self._rows = variants, headings, rows
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        rows = self.query_one(OptionList)
        marked, widths = rows.highlighted, self._widths()
        self.query_one("#headings", Static).update(self._line(self._headings, widths))
        rows.set_options(
            Option(self._line(cells, widths), disabled=bool(variant.problem))
            for variant, cells in zip(self._variants, self._rows, strict=True)
        )
        if marked is None:
            rows.action_first()
        else:
            rows.highlighted = marked

    def _widths(self) -> list[int]:
        """Each column as wide as its widest cell; where the room does not do, words are cut."""
        columns = zip(self._headings, *self._rows, strict=True)
        widths = [max(map(cell_len, column)) for column in columns]
        room = self.size.width - PADDING - GAP * (len(widths) - 1)
        for heading, least in CUTS:
            if heading in self._headings and (excess := sum(widths) - room) > 0:
                index = self._headings.index(heading)
                widths[index] = max(min(least, widths[index]), widths[index] - excess)
        return widths

    def _line(self, cells: Row, widths: list[int]) -> Content:
        parts = [
            _cell(cell, width, heading)
            for cell, width, heading in zip(cells, widths, self._headings, strict=True)
        ]
        return Content(" " * GAP).join(parts).rstrip()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(Chosen(self._variants[event.option_index]))


def _cell(text: str, width: int, heading: str) -> Content:
    style = FITS.get(text, "") if heading == "fits here" else ""
    return Content.styled(fitted(text, width, right=heading in NUMBERS), style)
