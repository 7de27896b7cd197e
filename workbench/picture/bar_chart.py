"""Bars of SVG, one below the other, each of one or several parts. Knows nothing of what they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from workbench.picture.svg import COLOURS, STYLE, legend, text

_WIDTH, _NAMES, _FIGURES = 760, 190, 150
_ROW, _BAR, _HEAD, _LEGEND = 22, 14, 30, 20
_LETTERS = 28


@dataclass(frozen=True, slots=True)
class Bar:
    """Lengths of its `parts`, at least 0, in the order of the chart's `names`, and a `figure` beside it."""

    name: str
    parts: tuple[float, ...]
    figure: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class BarChart:
    """There is at least one bar. `names` are what the parts of all bars are, where that must be told."""

    title: str
    bars: tuple[Bar, ...]
    names: tuple[str, ...] = ()

    @property
    def most(self) -> float:
        """The length of the longest bar."""
        return max(sum(bar.parts) for bar in self.bars)


def bar_svg(chart: BarChart) -> str:
    """All bars have a common scale, which begins at 0."""
    top = _HEAD + (_LEGEND if chart.names else 0)
    height = top + _ROW * len(chart.bars) + 8
    named = [part for x, _, name, colour in legend(chart.names) for part in _named(x, name, colour)]
    drawn = [part for at, bar in enumerate(chart.bars) for part in _drawn(bar, top + _ROW * at, chart.most)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
            f' aria-label="{escape(chart.title)}"><style>{STYLE}</style>',
            f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
            text(8, 18, chart.title),
            *named,
            *drawn,
            "</svg>",
        )
    )


def _named(x: float, name: str, colour: str) -> Iterator[str]:
    yield f'<rect x="{x:.0f}" y="{_HEAD - 2}" width="10" height="10" fill="{colour}"/>'
    yield text(x + 14, _HEAD + 7, name)


def _drawn(bar: Bar, y: float, most: float) -> Iterator[str]:
    shown = bar.name if len(bar.name) <= _LETTERS else f"{bar.name[: _LETTERS - 1]}…"
    yield f"<g><title>{escape(bar.about or f'{bar.name}: {bar.figure}')}</title>"
    yield text(_NAMES - 8, y + _BAR - 2, shown, "end")
    x, scale = float(_NAMES), (_WIDTH - _NAMES - _FIGURES) / (most or 1.0)
    for number, part in enumerate(bar.parts):
        if part:
            width, colour = max(part * scale, 1.0), COLOURS[number % len(COLOURS)]
            yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
            x += width
    yield text(x + 6, y + _BAR - 2, bar.figure)
    yield "</g>"
