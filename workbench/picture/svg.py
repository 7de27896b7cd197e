"""Charts as SVG, one below the other: a file of its own, or a part of a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from workbench.picture.chart import Chart, Point, Series
from workbench.picture.scale import across, up

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _BOTTOM = 80, 100, 60
_FIRST_ROW, _ROW, _LETTER = 38, 16, 7
COLOURS = ("#4878a8", "#d9622b", "#3a8a5c", "#8a5ca8", "#b8901c", "#5c5c5c")
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.paper{fill:#fff}.axis{stroke:#999}.grid{stroke:#eee}"
    ".ringed{fill:none;stroke:#d9622b;stroke-width:2}"
)


def svg(*charts: Chart) -> str:
    height = _HEIGHT * len(charts)
    drawn = "\n".join(
        "\n".join((f'<g transform="translate(0 {_HEIGHT * at})">', *_Drawing(chart).parts(), "</g>"))
        for at, chart in enumerate(charts)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"><style>{STYLE}</style>\n'
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>\n{drawn}\n</svg>'
    )


class _Drawing:
    """One chart in a frame of its own."""

    def __init__(self, chart: Chart) -> None:
        self._chart, self._across, self._up = chart, across(chart), up(chart)
        self._legend = list(legend(one.name for one in chart.series))
        self._top = max((y for _, y, _, _ in self._legend), default=_FIRST_ROW) + 22

    def parts(self) -> Iterator[str]:
        yield text(_LEFT, 18, self._chart.title)
        for x, y, name, colour in self._legend:
            yield _dot(x + 4, y - 4, colour)
            yield text(x + 14, y, name)
        yield from self._axes()
        for number, one in enumerate(self._chart.series):
            yield from self._series(one, COLOURS[number % len(COLOURS)])

    def _axes(self) -> Iterator[str]:
        right, base = _WIDTH - 20, _HEIGHT - _BOTTOM
        for value in self._up.ticks:
            y = self._y(value)
            yield f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
            yield text(_LEFT - 6, y + 4, self._chart.y.write(value), "end")
        yield f'<line class="axis" x1="{_LEFT}" y1="{base}" x2="{right}" y2="{base}"/>'
        for value in self._across.ticks:
            yield text(self._x(value), base + 18, self._chart.x.write(value), "middle")
        yield text((_LEFT + right) / 2, _HEIGHT - 12, self._chart.x.title, "middle")

    def _series(self, series: Series, colour: str) -> Iterator[str]:
        for begin, end in series.segments():
            yield self._line(begin.x, begin.y, end.x, end.y, colour)
        for point in series.points:
            yield from self._point(point, colour)

    def _point(self, point: Point, colour: str) -> Iterator[str]:
        x, y = self._x(point.x), self._y(point.y)
        if point.spread and not self._up.logarithmic:
            yield self._line(point.x, point.y - point.spread, point.x, point.y + point.spread, colour)
        if point.ringed:
            yield f'<circle class="ringed" cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
        yield _dot(x, y, colour, point.about)
        if point.label:
            yield text(x + 9, y - 5, point.label)

    def _line(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
        ends = f'x1="{self._x(x1):.1f}" y1="{self._y(y1):.1f}" x2="{self._x(x2):.1f}" y2="{self._y(y2):.1f}"'
        return f'<line {ends} stroke="{colour}"/>'

    def _x(self, value: float) -> float:
        return _LEFT + self._across.place(value) * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - self._up.place(value) * (_HEIGHT - self._top - _BOTTOM)


def legend(names: Iterable[str]) -> Iterator[tuple[float, float, str, str]]:
    """Where each name stands that there is, and in which colour; in as many rows as that takes."""
    x, y = float(_LEFT), float(_FIRST_ROW)
    for number, name in enumerate(names):
        width = 34 + _LETTER * len(name)
        if x > _LEFT and x + width > _WIDTH:
            x, y = float(_LEFT), y + _ROW
        if name:
            yield x, y, name, COLOURS[number % len(COLOURS)]
            x += width


def _dot(x: float, y: float, colour: str, about: str = "") -> str:
    title = f"<title>{escape(about)}</title>" if about else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}">{title}</circle>'


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
