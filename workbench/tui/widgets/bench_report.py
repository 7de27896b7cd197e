"""A run of the benchmark: its table, what is said of it, and charts. Knows nothing of measuring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.content import Content
from textual.widgets import Static

from workbench.benchmark.formats.charts import charts
from workbench.benchmark.formats.table import about, remarks, table
from workbench.benchmark.history.charts import history_charts
from workbench.benchmark.history.words import judgement_lines
from workbench.picture import lettered
from workbench.tui.benching import Benched

_ROWS = 10


class BenchReport(Static):
    """Everything is measured, and says so."""

    def __init__(self, benched: Benched) -> None:
        super().__init__(Content("\n").join(list(_lines(benched))), classes="report", markup=False)


def _lines(benched: Benched) -> Iterator[Content]:
    headings, rows = table(benched.run)
    yield Content.assemble((about(benched.run), "bold"), ("  measured", "$foreground 60%"))
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    yield Content.styled(_row(headings, widths), "$foreground 60%")
    yield from (Content(_row(row, widths)) for row in rows)
    yield from map(Content, (*remarks(benched.run), *judgement_lines(benched.judgement)))
    for chart in (*charts([benched.run]), *history_charts(benched.earlier)):
        yield Content("")
        yield from map(Content, lettered(chart, rows=_ROWS))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join((f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)))
