"""Rows on their way through the steps that look at single rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row

SetAside = Callable[[int, Row, Rejection], None]


class RowSteps:
    """Applies operations in turn. `added` counts the rows that came of cutting rows."""

    def __init__(
        self, operations: Sequence[tuple[int, RowOperation]], findings: Findings, set_aside: SetAside
    ) -> None:
        self._operations, self._findings, self._set_aside = operations, findings, set_aside
        self.added = 0

    def through(self, row: Row, place: int = 0) -> Iterator[Row]:
        """What comes out: the row, nothing, or the rows that it was cut into."""
        for index in range(place, len(self._operations)):
            step, operation = self._operations[index]
            result = operation.apply(row, self._findings)
            if isinstance(result, Row):
                row = result
            elif isinstance(result, Rejection):
                self._set_aside(step, row, result)
                return
            else:
                self.added += len(result) - 1
                for one in result:
                    yield from self.through(one, index + 1)
                return
        yield row
