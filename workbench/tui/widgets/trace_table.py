"""Tokens by samplers: what each sampler leaves of a token, and how likely it is in the end. Shows a trace."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import Static

from workbench import wording
from workbench.sampler_trace import SamplerTrace, label
from workbench.sampling import SamplingSettings
from workbench.tui.widgets.bar import bar
from workbench.tui.widgets.columns import fitted

_TOKEN_CELLS, _BAR_CELLS, _LEAST = 14, 14, 6
_FAINT = "$foreground 60%"


class TraceTable(ScrollableContainer):
    """Columns in the order of the chain; scrolls sideways where there are many."""

    def compose(self) -> ComposeResult:
        yield Static(id="trace", markup=False)

    def show(self, trace: SamplerTrace, sampling: SamplingSettings) -> None:
        self.query_one("#trace", Static).update(_table(trace, sampling))


def _table(trace: SamplerTrace, sampling: SamplingSettings) -> Content:
    headings = [label(step, sampling) for step in trace.steps]
    widths = [max(len(heading), _LEAST) for heading in headings]
    lines = [_line("token", headings, widths, _FAINT, Content(fitted("in the end", _BAR_CELLS)))]
    for place, one in enumerate(trace.tokens):
        shares = [step.probabilities[place] for step in trace.steps]
        style = "$foreground" if shares[-1] else "$foreground 40%"
        cells = [wording.probability(share) for share in shares]
        lines.append(_line(wording.piece(one.piece), cells, widths, style, bar(shares[-1], _BAR_CELLS)))
    left = [f"{step.remaining:,}" for step in trace.steps]
    lines.append(_line("tokens left", left, widths, _FAINT, Content(" " * _BAR_CELLS)))
    return Content("\n").join(lines)


def _line(first: str, cells: list[str], widths: list[int], style: str, end: Content) -> Content:
    columns = [fitted(cell, width, right=True) for cell, width in zip(cells, widths, strict=True)]
    token = fitted(first, _TOKEN_CELLS)
    return Content.assemble((f"{token}  ", style), end, (f"  {'  '.join(columns)}", style))
