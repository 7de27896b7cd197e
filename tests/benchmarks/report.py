"""Rounds made into medians, and ours set against each peer's. Knows nothing of how anything was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import geometric_mean, median

from scenarios import Measurements
from servers import OURS

Results = dict[str, dict[str, list[Measurements]]]
"""Measurements by scenario and server, one for each round."""
OTHERS = "cores_taken_by_others"
MORE_IS_BETTER = ("tokens_per_second", "speedup")


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
    tables = [_table(scenario, by_server) for scenario, by_server in results.items()]
    means = [f"{name}, geometric mean of all: {mean:.3f}x as good" for name, mean in as_good(results).items()]
    return "\n\n".join([*tables, *means])


def as_good(results: Results) -> Measurements:
    """For each peer the geometric mean of all ratios, turned so that more than 1 speaks for us."""
    found: dict[str, list[float]] = {}
    for by_server in results.values():
        rows = {name: medians(rounds) for name, rounds in by_server.items()}
        for name, row in ratios(rows).items():
            turned = (ratio if figure in MORE_IS_BETTER else 1 / ratio for figure, ratio in row.items())
            found.setdefault(name, []).extend(turned)
    return {name: geometric_mean(every) for name, every in found.items()}


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
