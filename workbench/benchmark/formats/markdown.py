"""Runs as a table in Markdown, for issues and chats, with the columns that llama-bench has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench import wording
from workbench.benchmark.result import Result, Run

_HEADINGS = ("model", "size", "params", "placement", "test", "t/s")
_ALIGNED = ("---", "---:", "---:", "---", "---:", "---:")


def markdown(runs: Sequence[Run]) -> str:
    """Tokens a second are the median of the repetitions, with their standard deviation."""
    rows = (_cells(run, result) for run in runs for result in run.results)
    return "".join(f"{_line(cells)}\n" for cells in (_HEADINGS, _ALIGNED, *rows))


def _cells(run: Run, result: Result) -> tuple[str, ...]:
    facts = run.facts
    return (
        " ".join(filter(None, (run.model, facts.quantization))),
        wording.size(facts.size_bytes),
        wording.short(facts.parameters),
        facts.placement,
        _test(result),
        f"{result.tokens_per_second:.2f} ± {result.spread:.2f}",
    )


def _test(result: Result) -> str:
    """As llama-bench has it, such as pp512 @ d4096; requests at once are counted besides."""
    depth = f" @ d{result.test.depth}" if result.test.depth else ""
    return f"{result.test.name}{depth}" + (f" x{result.test.requests}" if result.test.requests else "")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"
