"""A chart in letters, for a terminal: a mark for each point, dots for the lines that join them."""

from __future__ import annotations

from workbench.picture.chart import Chart, Point
from workbench.picture.scale import across, up

MARKS = "*o+x#@%&"
_DOT = "·"


class _Grid:
    """Rows of letters; nothing is written over a letter that is there, but for the dots."""

    def __init__(self, chart: Chart, columns: int, rows: int) -> None:
        self.across, self.up = across(chart), up(chart)
        self._columns, self._rows = columns, rows
        self._letters = [[" "] * columns for _ in range(rows)]

    def column(self, x: float) -> int:
        return round(self.across.place(x) * (self._columns - 1))

    def row(self, y: float) -> int:
        return self._rows - 1 - round(self.up.place(y) * (self._rows - 1))

    def join(self, begin: Point, end: Point) -> None:
        left, right = self.column(begin.x), self.column(end.x)
        top, bottom = self.row(begin.y), self.row(end.y)
        for column in range(left + 1, right):
            self._letters[round(top + (bottom - top) * (column - left) / (right - left))][column] = _DOT

    def mark(self, point: Point, mark: str) -> None:
        self._write(self.row(point.y), self.column(point.x), mark)

    def name(self, point: Point) -> None:
        """Right of its mark, or left of it where the edge is near."""
        column, text = self.column(point.x), f" {point.label}"
        if column + len(text) >= self._columns:
            column, text = max(column - len(text), 0) - 1, f"{point.label} "
        self._write(self.row(point.y), column + 1, text)

    def _write(self, row: int, begin: int, text: str) -> None:
        for column, letter in enumerate(text[: self._columns - begin], begin):
            if self._letters[row][column] in (" ", _DOT):
                self._letters[row][column] = letter

    def line(self, row: int) -> str:
        return "".join(self._letters[row])


def lettered(chart: Chart, columns: int = 64, rows: int = 16) -> list[str]:
    """The chart as lines of about `columns` letters and what stands beside the axis."""
    grid = _Grid(chart, columns, rows)
    marked = list(zip(chart.series, (MARKS * len(chart.series)), strict=False))
    for one in chart.series:
        for begin, end in one.segments():
            grid.join(begin, end)
    for one, mark in marked:
        for point in one.points:
            grid.mark(point, mark)
    for point in chart.points:
        if point.label:
            grid.name(point)
    names = {grid.row(value): chart.y.write(value) for value in grid.up.ticks}
    margin = max(map(len, names.values()))
    legend = "   ".join(f"{mark} {one.name}" for one, mark in marked if one.name)
    return [
        chart.title,
        *(f"{names.get(row, ''):>{margin}} |{grid.line(row)}".rstrip() for row in range(rows)),
        f"{'':{margin}} +{'-' * columns}",
        f"{'':{margin}}  {_below(chart, grid, columns)}".rstrip(),
        *([f"{'':{margin}}  {legend}"] if legend else []),
    ]


def _below(chart: Chart, grid: _Grid, columns: int) -> str:
    """The names of the ticks, each with its middle below its place as far as the edges allow."""
    line = ""
    for value in grid.across.ticks:
        text = chart.x.write(value)
        begin = min(grid.column(value) - len(text) // 2, columns - len(text))
        line = f"{line:{max(begin, 0)}}{text} " if len(line) <= max(begin, 0) else line
    return line
