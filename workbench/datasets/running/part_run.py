"""One part of the input, from bytes to rows and keys, in a process of its own or in this one."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from workbench.datasets import balance
from workbench.datasets.findings import Findings
from workbench.datasets.forms.rows import row_of
from workbench.datasets.operation import Operation
from workbench.datasets.reading import Part, Read, read
from workbench.datasets.row import KINDS, Origin, Rejection, Row
from workbench.datasets.running.batches import batches
from workbench.datasets.running.part_files import PartWriter, Summary, part_folder
from workbench.datasets.running.plan import Plan, Steps
from workbench.datasets.running.quarantine import quarantined
from workbench.datasets.running.row_steps import RowSteps
from workbench.datasets.strict_json import Unreadable

ROWS_AT_ONCE = 500
_LETTERS_AT_ONCE = 8 << 20
_OBJECTS_BETWEEN = 100_000
OWN_KEYS = 0
"""The step under which the line, the kind and the length of each row are kept."""


class PartRun:
    """Looks at the rows of parts, one part after the other."""

    def __init__(self, plan: Plan, folder: Path, operations: Sequence[Operation]) -> None:
        self._plan, self._folder = plan, folder
        self._steps = Steps.of(operations)
        self._kinds = frozenset(plan.recipe.kinds)
        self._number_of_steps = len(operations) + 1

    def run(self, number: int) -> Summary:
        """Do the part of that number. Raises OSError where its files cannot be written."""
        part = self._plan.parts[number]
        self._file = self._plan.sources[part.source].path
        self._findings, self._summary = Findings(), Summary(steps=[0] * self._number_of_steps)
        self._early = RowSteps(self._steps.early, self._findings, self._reject)
        self._writer = PartWriter(part_folder(self._folder, number), self._plan.keeps_rows)
        with closing(self._writer), _rare_collections():
            kept = self._early.through(self._rows(part))
            for rows, letters in batches(kept, ROWS_AT_ONCE, _LETTERS_AT_ONCE):
                self._keep(rows, letters)
            self._summary.rows_added = self._early.added
            self._summary.findings = self._findings.all()
            self._writer.finish(self._summary)
        return self._summary

    def _rows(self, part: Part) -> Iterator[Row]:
        """The rows of the kinds that the recipe takes."""
        for number, value in self._sampled(read(self._plan.sources[part.source], part), part):
            self._summary.rows_in += 1
            origin = Origin(self._file, number)
            try:
                if isinstance(value, Unreadable):
                    raise value
                row = row_of(value, origin)
            except Unreadable as unreadable:
                shown = None if isinstance(value, Unreadable) else value
                self._set_aside(0, origin, Rejection(unreadable.rule, unreadable.reason), shown)
                continue
            if row.kind in self._kinds:
                yield row
            else:
                reason = f"It is a row of the kind {row.kind}, and {self._plan.recipe.name} takes none."
                self._set_aside(0, origin, Rejection("kind", reason), row)

    def _keep(self, rows: list[Row], letters: list[int]) -> None:
        self._summary.rows_out += len(rows)
        self._writer.add(rows)
        kinds = [row.kind for row in rows]
        for kind in set(kinds):
            self._summary.kinds[kind] = self._summary.kinds.get(kind, 0) + kinds.count(kind)
        self._writer.add_keys(
            OWN_KEYS,
            {
                "line": np.array([row.origin.line for row in rows], np.int64),
                "kind": np.array([KINDS.index(kind) for kind in kinds], np.uint8),
                "turns": np.array([len(row.messages) or 1 for row in rows], np.uint32),
                "letters": np.array(letters, np.uint32),
                "tokens": np.array([row.token_count for row in rows], np.uint32),
                **balance.keys_of(rows),
                "language": np.array([row.language for row in rows], "S8"),
            },
        )
        for step, operation in self._steps.judging:
            self._writer.add_keys(step, operation.keys(rows))

    def _reject(self, step: int, row: Row, why: Rejection) -> None:
        self._set_aside(step, row.origin, why, row)

    def _set_aside(self, step: int, origin: Origin, why: Rejection, row: object) -> None:
        summary = self._summary
        summary.steps[step] += 1
        summary.rejected[why.rule] = summary.rejected.get(why.rule, 0) + 1
        self._findings.add(why.rule, "error", why.reason, origin)
        self._writer.quarantine(quarantined(origin, why, row))

    def _sampled(self, rows: Iterator[Read], part: Part) -> Iterator[Read]:
        """As many of the rows as fall to this part of a sample, from its beginning."""
        if not self._plan.sample:
            return rows
        share = (part.end - part.start) / max(self._plan.total_bytes, 1)
        exact = self._plan.sample * share
        return islice(rows, int(exact) + (random.Random(part.start).random() < exact % 1))


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Rows hold no cycles, and to look for some in so many objects takes a tenth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


_run: PartRun


def begin(plan: Plan, folder: str) -> None:
    """Make this process ready for `run_part`."""
    import signal

    global _run
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    operations = plan.recipe.operations()
    for operation in operations:
        operation.begin(plan.surroundings)
    _run = PartRun(plan, Path(folder), operations)


def run_part(number: int) -> tuple[int, Summary]:
    return number, _run.run(number)
