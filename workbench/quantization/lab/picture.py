"""Candidates as a picture: how far each is from the base, by its size. For a page and for a terminal.

Divergence is drawn on a logarithmic scale, on which equal steps are equal factors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from workbench import wording
from workbench.quantization.lab.candidate import Candidate

_WIDTH, _HEIGHT, _EDGE = 760, 420, 60
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.axis{stroke:#999}.grid{stroke:#eee}"
    ".stock{fill:#4878a8}.budget{fill:#d9622b}.chosen{fill:none;stroke:#d9622b;stroke-width:2}"
)


class Scale:
    """Where a candidate lies, from 0 to 1: by size from left to right, by divergence from bottom to top."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        sizes = [one.proposal.size for one in candidates]
        heights = [_decades(one) for one in candidates]
        self._left, self._right = min(sizes), max(sizes)
        self.lowest, self.highest = math.floor(min(heights)), math.ceil(max(heights) + 1e-9)

    def across(self, size: int) -> float:
        return (size - self._left) / max(self._right - self._left, 1)

    def up(self, decades: float) -> float:
        return (decades - self.lowest) / max(self.highest - self.lowest, 1)

    def place(self, candidate: Candidate) -> tuple[float, float]:
        return self.across(candidate.proposal.size), self.up(_decades(candidate))


def svg(candidates: Sequence[Candidate], chosen: Candidate | None) -> str:
    """The picture on its own, as SVG."""
    scale = Scale(candidates)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"><style>{_STYLE}</style>'
    ]
    for decade in range(scale.lowest, scale.highest + 1):
        y = _y(scale.up(decade))
        parts.append(f'<line class="grid" x1="{_EDGE}" y1="{y:.1f}" x2="{_WIDTH - 20}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**decade:g}</text>')
    parts += [_point(one, scale, one is chosen) for one in candidates]
    base = _HEIGHT - _EDGE
    parts.append(f'<line class="axis" x1="{_EDGE}" y1="{base}" x2="{_WIDTH - 20}" y2="{base}"/>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 15}" text-anchor="middle">size</text>')
    parts.append(f'<text x="{_EDGE}" y="18">mean KL divergence from the base, in nats</text></svg>')
    return "\n".join(parts)


def plotted(candidates: Sequence[Candidate], columns: int = 72, rows: int = 16) -> list[str]:
    """The picture in letters: `*` a stock mix, `o` a budget."""
    scale = Scale(candidates)
    grid = [[" "] * columns for _ in range(rows)]
    for one in candidates:
        across, up = scale.place(one)
        row, column = rows - 1 - round(up * (rows - 1)), round(across * (columns - 1))
        mark, name = "o" if one.proposal.budget else "*", one.proposal.name
        begin, text = column, f"{mark} {name}"
        if column + len(text) > columns:
            begin, text = column - len(name) - 1, f"{name} {mark}"
        for place, letter in enumerate(text, max(begin, 0)):
            if grid[row][place] == " ":
                grid[row][place] = letter
    lines = []
    for number, row_letters in enumerate(grid):
        decade = scale.lowest + (scale.highest - scale.lowest) * (1 - number / (rows - 1))
        label = f"{10.0**decade:7.5f}" if number in (0, rows - 1) else " " * 7
        lines.append(f"{label} |{''.join(row_letters)}".rstrip())
    sizes = [one.proposal.size for one in candidates]
    left, right = wording.size(min(sizes)), wording.size(max(sizes))
    return [*lines, " " * 8 + "+" + "-" * columns, " " * 9 + left + right.rjust(columns - len(left))]


def _point(one: Candidate, scale: Scale, chosen: bool) -> str:
    across, up = scale.place(one)
    x, y = _EDGE + across * (_WIDTH - _EDGE - 100), _y(up)
    kind = "budget" if one.proposal.budget else "stock"
    ring = f'<circle class="chosen" cx="{x:.1f}" cy="{y:.1f}" r="8"/>' if chosen else ""
    about = escape(f"{one.proposal.name}: {wording.size(one.proposal.size)}, {one.figures.kl_mean.value:.6f}")
    return (
        f'{ring}<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{about}</title></circle>'
        f'<text x="{x + 9:.1f}" y="{y - 5:.1f}">{escape(one.proposal.name)}</text>'
    )


def _y(up: float) -> float:
    return _HEIGHT - _EDGE - up * (_HEIGHT - 2 * _EDGE)


def _decades(one: Candidate) -> float:
    return math.log10(max(one.figures.kl_mean.value, 1e-7))
