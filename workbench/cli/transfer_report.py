"""How a transfer is told: a bar on the terminal, JSON lines on request, else a line now and then.

Knows nothing of where the bytes come from.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from workbench import wording
from workbench.cli import output
from workbench.models.transfer.progress import Progress

JSON_SECONDS = 0.5
LINE_SECONDS = 10.0

Report = Callable[[Progress], None]


@contextmanager
def report_on(name: str, as_json: bool) -> Iterator[Report]:
    """A function that is told of each moment of the transfer of `name`."""
    if as_json:
        yield _now_and_then(JSON_SECONDS, 0, lambda progress: _json(name, progress))
    elif sys.stderr.isatty():
        with _bar(name) as report:
            yield report
    else:
        yield _now_and_then(LINE_SECONDS, LINE_SECONDS, lambda progress: output.note(_line(name, progress)))


def _now_and_then(seconds: float, silence: float, tell: Report) -> Report:
    """Pass on one moment in so many seconds, after a first silence, and each new trouble."""
    last, trouble = time.monotonic() + silence - seconds, ""

    def report(progress: Progress) -> None:
        nonlocal last, trouble
        now = time.monotonic()
        if now - last >= seconds or (progress.trouble and progress.trouble != trouble):
            last, trouble = now, progress.trouble
            tell(progress)

    return report


def _json(name: str, progress: Progress) -> None:
    output.json_line({"event": "progress", "name": name, **asdict(progress)})


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    texts = TextColumn("{task.description}"), TextColumn("{task.fields[words]}")
    columns = texts[0], BarColumn(), TaskProgressColumn(), texts[1]
    with Bar(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8) as bar:
        task = bar.add_task(output.printable(name), total=None, words="")

        def report(progress: Progress) -> None:
            bar.update(
                task,
                total=progress.total_bytes or None,
                completed=progress.done_bytes,
                words=output.printable(wording.transfer(progress)),
            )

        yield report


def _line(name: str, progress: Progress) -> str:
    return f"{name}: {wording.share(progress)}, {wording.transfer(progress)}"
