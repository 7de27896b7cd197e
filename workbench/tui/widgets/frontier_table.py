"""Where each quantization and kind of cache stops fitting, as a table. Knows nothing of how it is found."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from workbench import wording
from workbench.planning.frontier import Row

_SIGNS = {
    "fits": ("yes", "$text-success"),
    "tight": ("tight", "$text-warning"),
    "divided": ("part", "$text-accent"),
    "no": ("-", "$foreground 40%"),
}
_LABEL, _CACHE, _CELL = 12, 6, 8
_KEY = "yes: whole; tight: just so; part: layers or experts in main memory; -: it does not fit"


class FrontierTable(Static):
    """A row for each quantization with each cache, a column for each context."""

    def __init__(self) -> None:
        super().__init__(markup=False, id="frontier")

    def show(self, rows: Sequence[Row]) -> None:
        columns = "".join(f"{wording.context(cell.context):>{_CELL}}" for cell in rows[0].cells)
        heading = Content.styled(f"{'quant':<{_LABEL}}{'cache':<{_CACHE}}{columns}", "$foreground 60%")
        lines = [heading, *map(_line, rows), Content(""), Content.styled(_KEY, "$foreground 60%")]
        self.update(Content("\n").join(lines))


def _line(row: Row) -> Content:
    cells = [(f"{_SIGNS[cell.place][0]:>{_CELL}}", _SIGNS[cell.place][1]) for cell in row.cells]
    return Content.assemble((f"{row.label:<{_LABEL}}", "bold"), f"{row.kv_type:<{_CACHE}}", *cells)
