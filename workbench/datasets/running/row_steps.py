"""Rows on their way through the steps that look at single rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row
from workbench.datasets.running.batches import batches

SetAside = Callable[[int, Row, Rejection], None]
_LETTERS_AHEAD = 1 << 20


class RowSteps:
    """Applies operations in turn. `added` counts the rows that came of cutting rows."""

    def __init__(
        self, operations: Sequence[tuple[int, RowOperation]], findings: Findings, set_aside: SetAside
    ) -> None:
        self._operations, self._findings, self._set_aside = operations, findings, set_aside
        self._rows_ahead = max((operation.rows_ahead for _, operation in operations), default=1)
        self.added = 0

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        """What comes out of each row: the row, nothing, or the rows that it was cut into."""
        for batch in self._batches(rows):
            for step, operation in self._operations:
                operation.look_ahead(batch)
                batch = [kept for row in batch for kept in self._applied(step, operation, row)]
            yield from batch

    def _batches(self, rows: Iterable[Row]) -> Iterator[list[Row]]:
        if self._rows_ahead == 1:
            return ([row] for row in rows)
        return (batch for batch, _ in batches(rows, self._rows_ahead, _LETTERS_AHEAD))

    def _applied(self, step: int, operation: RowOperation, row: Row) -> Sequence[Row]:
        result = operation.apply(row, self._findings)
        if isinstance(result, Row):
            return (result,)
        if isinstance(result, Rejection):
            self._set_aside(step, row, result)
            return ()
        self.added += len(result) - 1
        return result
