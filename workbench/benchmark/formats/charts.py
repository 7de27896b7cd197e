"""Runs as charts: tokens a second by how deep in the context, and by how many requests are at once.

Reading and writing are charts apart, because they differ by more than one can show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from workbench.benchmark.result import Result, Run
from workbench.picture import Axis, Chart, Point, Series

_BY_DEPTH = Axis("depth, in tokens", "{:,.0f}".format)
_BY_REQUESTS = Axis("requests at once", "{:.0f}".format)


def charts(runs: Sequence[Run], *, flat: bool = False) -> list[Chart]:
    """Those that show a change, with points at two places and more; the `flat` ones too where asked for."""
    every = [
        Chart(axis, Axis(f"tokens/s {'read' if reads else 'written'}", from_zero=True), tuple(series))
        for axis, lines in ((_BY_DEPTH, _over_depth), (_BY_REQUESTS, _over_requests))
        for reads in (True, False)
        if (series := [one for run in runs for one in lines(run, reads, _prefix(run, runs))])
    ]
    return [chart for chart in every if flat or len({point.x for point in chart.points}) > 1]


def _over_depth(run: Run, reads: bool, prefix: str) -> Iterator[Series]:
    found = [one for one in run.results if one.test.requests is None and bool(one.test.prompt) == reads]
    for name, results in _grouped(found, lambda one: one.test.name).items():
        points = (
            Point(one.test.depth, one.tokens_per_second, about=_about(one), spread=one.spread)
            for one in results
        )
        yield Series(prefix + name, tuple(points), joined=True)


def _over_requests(run: Run, reads: bool, prefix: str) -> Iterator[Series]:
    """What all get together, and what each of them gets."""
    bare = [one for one in run.results if not one.test.through_server]
    found = [one for one in bare if one.test.requests and bool(one.test.prompt) == reads]
    for name, results in _grouped(found, _at_its_depth).items():
        together = (Point(one.test.parallel, one.tokens_per_second, about=_about(one)) for one in results)
        each = (Point(one.test.parallel, one.tokens_per_second_each) for one in results)
        yield Series(f"{prefix}{name}, all", tuple(together), joined=True)
        yield Series(f"{prefix}{name}, each", tuple(each), joined=True)


def _grouped(results: Sequence[Result], by: Callable[[Result], str]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[by(result)].append(result)
    return groups


def _at_its_depth(result: Result) -> str:
    return result.test.name + (f" @ d{result.test.depth}" if result.test.depth else "")


def _prefix(run: Run, runs: Sequence[Run]) -> str:
    return f"{run.model} " if len(runs) > 1 else ""


def _about(result: Result) -> str:
    return f"{result.tokens_per_second:.1f} ± {result.spread:.1f} tokens/s"
