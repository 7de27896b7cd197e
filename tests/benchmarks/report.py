"""Rounds made into medians, and ours set against each peer's. Knows nothing of how anything was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import median

from scenarios import Measurements
from servers import OURS

Results = dict[str, dict[str, list[Measurements]]]
"""Measurements by scenario and server, one for each round."""
OTHERS = "cores_taken_by_others"


def medians(rounds: Sequence[Measurements]) -> Measurements:
    return {figure: median(measured[figure] for measured in rounds) for figure in rounds[0]}


def ratios(by_server: dict[str, Measurements]) -> dict[str, Measurements]:
    """Our median divided by each peer's."""
    ours = by_server.get(OURS, {})
    return {
        f"{OURS} / {name}": {
            figure: ours[figure] / value for figure, value in figures.items() if figure != OTHERS
        }
        for name, figures in by_server.items()
        if ours and name != OURS
    }


def as_markdown(results: Results) -> str:
    """A table for each scenario: a row of medians for each server, then a row of ratios for each peer."""
    return "\n\n".join(_table(scenario, by_server) for scenario, by_server in results.items())


def _table(scenario: str, by_server: dict[str, list[Measurements]]) -> str:
    rows = {name: medians(rounds) for name, rounds in by_server.items()}
    figures = list(next(iter(rows.values())))
    count = len(next(iter(by_server.values())))
    lines = [
        f"### {scenario}: medians of {count} rounds, times in seconds",
        "",
        _row("", [figure.replace("_", " ") for figure in figures]),
        _row("---", ["---:"] * len(figures)),
        *(_row(name, [f"{row[figure]:.3g}" for figure in figures]) for name, row in rows.items()),
        *(_row(name, [f"{x:.2f}x" for x in row.values()] + [""]) for name, row in ratios(rows).items()),
    ]
    return "\n".join(lines)


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join([name, *cells])} |"


def as_json(results: Results) -> str:
    """Every round, the medians and the ratios."""
    summary = {
        scenario: {name: medians(rounds) for name, rounds in by_server.items()}
        for scenario, by_server in results.items()
    }
    against = {scenario: ratios(by_server) for scenario, by_server in summary.items()}
    return json.dumps({"rounds": results, "medians": summary, "ratios": against}, indent=2)
