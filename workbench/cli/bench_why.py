"""Why a model is as fast as it is: finds it out, in tables and sentences or as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

from workbench import registry
from workbench.backend import Provider
from workbench.benchmark import Run
from workbench.benchmark.account import Account, Line
from workbench.benchmark.suggestions import Suggestion
from workbench.benchmark.why import Explanation, Subject, explain
from workbench.cli import output
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.machine import machine
from workbench.ports import Profiler
from workbench.runtime import open_model

_UNITS = {"bytes": "GB/s", "operations": "GFLOP/s"}
_QUIET = 0.15
_HEADINGS = ("part", "time", "share", "reaches", "at most here", "of it")


def profiler_of(backend: str) -> Profiler:
    """Raises Unsupported for an engine that cannot be looked into."""
    profiler = registry.load(backend).profiler()
    if profiler is None:
        raise Unsupported(f"The backend {backend!r} does not tell where its time goes.", "Leave --why out.")
    return profiler


async def explained(run: Run) -> Explanation:
    """Of the deepest test of a run. Raises as `profiler_of`, and what opening the model raises."""
    profiler = profiler_of(run.backend)
    tests = [result.test for result in run.results]
    subject = Subject(
        path=run.path,
        settings=replace(run.settings, parallel=1),
        depth=max(test.depth for test in tests),
        prompt=max(test.prompt for test in tests),
    )
    status = StatusLine()

    @asynccontextmanager
    async def opening(settings: EngineSettings) -> AsyncIterator[Provider]:
        provider = await open_model(run.path, settings, backend=run.backend)
        try:
            yield provider
        finally:
            await provider.close()

    try:
        found = await explain(
            subject, opening, profiler, machine(), lambda doing: status.show(f"{run.model}: {doing}")
        )
    finally:
        status.clear()
    return replace(found, notes=(*found.notes, *_unlike_before(run, found)))


def _unlike_before(run: Run, found: Explanation) -> Iterator[str]:
    """Whether writing took about as long as in the test."""
    depth, now = found.accounts[0].depth, found.bare_seconds
    for result in run.results:
        test, before = result.test, 1 / result.tokens_per_second
        alike = result.method == "passes" and test.generate and test.depth == depth
        if alike and abs(now / before - 1) > _QUIET:
            yield (
                f"A token of {test.name} took {_milliseconds(before)} before and {_milliseconds(now)} now: "
                "the machine is not quiet, so trust the shares more than the times."
            )


def print_explanation(found: Explanation) -> None:
    for account in found.accounts:
        output.line()
        output.line(_title(account))
        output.table(
            _HEADINGS, [_row(account, line) for line in account.lines if line.seconds], right=range(1, 6)
        )
    output.line()
    for note in found.notes:
        output.line(note)
    if not found.suggestions:
        output.line("Nothing that was tried or computed would make it 5% faster.")
        return
    output.line("What to change first:")
    for number, one in enumerate(found.suggestions, 1):
        output.line(f"{number}. {one.text} ({_basis(one)})")


def why_document(found: Explanation) -> dict[str, object]:
    """Seconds, bytes and operations are for each token; ceilings are for a second."""
    return {
        "accounts": [_account(account) for account in found.accounts],
        "suggestions": [asdict(one) for one in found.suggestions],
        "notes": list(found.notes),
    }


def _title(account: Account) -> str:
    several = f" {account.together} tokens together" if account.together > 1 else ""
    deep = f" after {account.depth:,} others" if account.depth else ""
    return (
        f"{account.doing.capitalize()}{several}{deep}: {_milliseconds(account.seconds)} for each token, "
        f"{account.tokens_per_second:.1f} tokens/s"
    )


def _row(account: Account, line: Line) -> tuple[str, ...]:
    cells = (line.name, _milliseconds(line.seconds), f"{account.share(line):.0%}")
    if line.per_second is None:
        return (*cells, "", "", "")
    reaches = f"{_short(line.per_second)} {_UNITS[line.unit]}"
    if line.ceiling is None or line.of_ceiling is None:
        return (*cells, reaches, "", "")
    most = f"{_short(line.ceiling.per_second)} {line.ceiling.basis}"
    return (*cells, reaches, most, f"{line.of_ceiling:.0%}")


def _account(account: Account) -> dict[str, object]:
    return {
        "doing": account.doing,
        "depth": account.depth,
        "tokens_together": account.together,
        "seconds": account.seconds,
        "tokens_per_second": account.tokens_per_second,
        "basis": "measured",
        "parts": [
            {
                **asdict(line),
                "share": account.share(line),
                "per_second": line.per_second,
                "of_ceiling": line.of_ceiling,
            }
            for line in account.lines
        ],
    }


def _basis(one: Suggestion) -> str:
    return {"measured": "measured", "published": "by a data sheet", "predicted": "predicted"}[one.basis]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def _short(per_second: float) -> str:
    return f"{per_second / 1e9:.3g}"
