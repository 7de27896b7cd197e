"""What `workbench history` shows: all models, one model with its trend, and comparisons.

Shows runs and judgements; how these come about is told in workbench.benchmark.history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from workbench import wording
from workbench.benchmark.history import BenchTest, RunRecord
from workbench.benchmark.history.charts import history_charts
from workbench.benchmark.history.judging import Judgement, sides, tests_of, updates
from workbench.benchmark.history.selecting import Matter, series
from workbench.benchmark.history.words import judgement_document, judgement_lines, verdict_cells
from workbench.cli import output
from workbench.picture import lettered

_MOST_COLUMNS = 6
_NOTHING = "Nothing was measured yet. `workbench bench MODEL` measures a model and keeps what it finds."


def show_overview(runs: Sequence[RunRecord], limit: int, as_json: bool) -> None:
    """A line for each model, machine and setup, those measured last first."""
    found = sorted(series(runs), key=lambda group: group[-1].taken, reverse=True)[:limit]
    if as_json:
        output.document([_series_document(group, runs=False) for group in found])
        return
    if not found:
        output.note(_NOTHING)
        return
    output.table(
        ("model", "machine", "settings", "runs", "last", "tokens/s", "trend"),
        map(_overview_cells, found),
        right=(3,),
    )


def show_model(runs: Sequence[RunRecord], limit: int, as_json: bool) -> None:
    """One model, on each machine and with each setup by itself."""
    groups = series(runs)
    if as_json:
        name = runs[-1].circumstances.model.name
        output.document({"model": name, "series": [_series_document(group) for group in groups]})
        return
    for number, group in enumerate(groups):
        if number:
            output.line()
        _show_series(group, limit)


def show_comparison(one: str, other: str, matters: Sequence[Matter], as_json: bool) -> None:
    if as_json:
        rows = [{"about": matter.about, **judgement_document(matter.judgement)} for matter in matters]
        output.document({"before": one, "now": other, "compared": rows})
        return
    output.table(
        ("", "test", one, other, "change", "noise"),
        [(matter.about, *cells) for matter in matters for cells in verdict_cells(matter.judgement)],
        right=(2, 3, 4, 5),
    )


def _overview_cells(group: Sequence[RunRecord]) -> tuple[str, ...]:
    last = group[-1]
    speeds = (f"{one.test.title} {wording.speed(one.tokens_per_second)}" for one in last.tests[:2])
    return (
        last.circumstances.model.name,
        last.circumstances.machine.name,
        last.setup or "usual",
        str(len(group)),
        _moment(last),
        ", ".join(speeds),
        _trend(_latest(group)),
    )


def _trend(judgement: Judgement) -> str:
    if judgement.changed:
        return ", ".join(f"{one.test.title} {one.comparison.change:+.0%}" for one in judgement.changed)
    return "as before" if judgement.verdicts else "unclear" if judgement.unclear else ""


def _latest(group: Sequence[RunRecord]) -> Judgement:
    """The last run against those before it."""
    return sides(group[:-1], group[-1:]).judged()


def _show_series(group: Sequence[RunRecord], limit: int) -> None:
    last, tests = group[-1], tests_of(group[-1:])[:_MOST_COLUMNS]
    around = last.circumstances
    setup = f", {last.setup}" if last.setup else ""
    output.line(f"{around.model.name} on {around.machine.name}: {around.machine.cpu}{setup}")
    output.table(
        ("measured", "engine", *(test.title for test in tests)),
        [_cells(run, tests) for run in group[-limit:]],
        right=range(2, 2 + len(tests)),
    )
    for chart in history_charts(group[-limit:], tests):
        output.line()
        for line in lettered(chart, rows=10):
            output.line(line)
    _show_judgements(group)


def _show_judgements(group: Sequence[RunRecord]) -> None:
    lines = [line for judgement in updates(group) for line in judgement_lines(judgement)]
    latest = _latest(group)
    if not latest.changes:
        lines += judgement_lines(latest)
    if lines:
        output.line()
    for line in lines:
        output.line(line)


def _cells(run: RunRecord, tests: Sequence[BenchTest]) -> tuple[str, ...]:
    engine = run.circumstances.engine
    speeds = {one.test: wording.speed(one.tokens_per_second) for one in run.tests}
    return (_moment(run), f"{engine.backend} {engine.version}", *(speeds.get(test, "") for test in tests))


def _moment(run: RunRecord) -> str:
    return f"{run.taken.astimezone():%Y-%m-%d %H:%M}"


def _series_document(group: Sequence[RunRecord], *, runs: bool = True) -> dict[str, Any]:
    last = group[-1]
    return {
        "model": last.circumstances.model.name,
        "machine": last.circumstances.machine.name,
        "machine_id": last.circumstances.machine.id,
        "setup": last.setup,
        "measured": len(group),
        "last": last.taken.isoformat(),
        "latest": judgement_document(_latest(group)),
        "updates": [judgement_document(one) for one in updates(group)],
        **({"runs": msgspec.to_builtins(group)} if runs else {}),
    }
