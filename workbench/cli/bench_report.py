"""A run on standard output. Knows nothing of measuring."""

from __future__ import annotations

from workbench.benchmark import Run
from workbench.benchmark.formats.table import about, remarks, table
from workbench.cli import output


def print_run(run: Run) -> None:
    output.line(about(run))
    headings, rows = table(run)
    output.table(headings, rows, right=range(1, len(headings)))
    for sentence in remarks(run):
        output.line(sentence)
