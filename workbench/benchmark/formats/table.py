"""A run as a table, and in sentences what makes its numbers doubtful. Knows neither terminal nor screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workbench import wording
from workbench.benchmark.overhead import Overhead, overheads
from workbench.benchmark.result import Result, Run

Column = tuple[str, Callable[[Result], str]]


def table(run: Run) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows, with the columns in which there is something to tell; the first is text."""
    columns = _columns(run)
    rows = [[cell(result) for _, cell in columns] for result in run.results]
    return [heading for heading, _ in columns], rows


def about(run: Run) -> str:
    """Which model, of which kind, and where it was put."""
    parts = (run.facts.architecture, run.facts.quantization, run.facts.placement)
    return f"{run.model}: {', '.join(part for part in parts if part)}"


def remarks(run: Run) -> Iterator[str]:
    """What to know beside the numbers."""
    yield from _doubts(run)
    if any(one.method == "text" for one in run.results):
        yield "Asked with text; the server counts the tokens, and the time is what passes here."
    yield from map(_overhead, overheads(run.results))
    if run.memory:
        cards = "".join(f", {wording.size(held)} of {card}" for card, held in run.memory.cards.items())
        yield f"At its peak it took {wording.size(run.memory.host_bytes)} of memory{cards}."


def _columns(run: Run) -> list[Column]:
    """Those in which there is something to tell."""
    columns: list[Column] = [("test", lambda one: one.test.name), ("depth", lambda one: str(one.test.depth))]
    if any(one.test.through_server for one in run.results):
        columns.append(("through", lambda one: "server" if one.test.through_server else "engine"))
    if any(one.test.requests for one in run.results):
        columns.append(("at once", lambda one: str(one.test.requests or "")))
    columns += [
        ("tokens/s", lambda one: f"{one.tokens_per_second:.1f}"),
        ("spread", lambda one: f"± {one.spread:.1f}"),
    ]
    if any(one.test.parallel > 1 for one in run.results):
        columns.append(("each", lambda one: f"{one.tokens_per_second_each:.1f}"))
    if any(one.waits for one in run.results):
        columns += [("first token", _first_token), ("95 % within", _slow_first_token)]
    if any(one.joules for one in run.results):
        columns.append(("J/token", lambda one: f"{one.joules_per_token or 0:.2f}"))
    return columns


def _first_token(result: Result) -> str:
    return _milliseconds(result.first_token.median) if result.first_token else ""


def _slow_first_token(result: Result) -> str:
    return _milliseconds(result.first_token.p95) if result.first_token else ""


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _doubts(run: Run) -> list[str]:
    """What speaks against single results, and once what the neighbours took."""
    flags = [(result, flag) for result in run.results for flag in result.flags]
    told = [f"{_called(result)}: {flag.text}" for result, flag in flags if flag.kind != "neighbour"]
    disturbed = [result for result, flag in flags if flag.kind == "neighbour"]
    if disturbed:
        seen = [result.surroundings for result in disturbed if result.surroundings]
        worst = max(seen, key=lambda one: one.others_cores)
        where = "all tests" if len(disturbed) == len(run.results) else ", ".join(map(_called, disturbed))
        told.append(f"Other programs took up to {worst.others_cores:.1f} of {worst.cores} cores: {where}.")
    return told


def _overhead(overhead: Overhead) -> str:
    later = overhead.first_token_seconds
    first = f", and {later * 1000:+.1f} ms until the first token" if later is not None else ""
    share = f"{overhead.share:+.1%}, spread {overhead.spread_share:.1%}"
    return (
        f"The server adds to {_called(overhead.bare)} "
        f"{overhead.seconds_per_token * 1000:+.3f} ms for each token ({share}){first}."
    )


def _called(result: Result) -> str:
    depth = f" at depth {result.test.depth}" if result.test.depth else ""
    several = f" with {result.test.requests} at once" if result.test.requests else ""
    server = " through the server" if result.test.through_server else ""
    return f"{result.test.name}{depth}{several}{server}"
