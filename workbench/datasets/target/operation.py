"""What operations that ask the target have in common: one model for all of them in a process, opened once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from workbench.datasets.operation import Operation, RowOperation, Surroundings
from workbench.datasets.row import Row
from workbench.datasets.target.lending import Lent, lend
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.target import Target
from workbench.datasets.target.training_example import TrainOn
from workbench.errors import InvalidRequest, WorkbenchError


class Borrower(Operation):
    """Has a target lent while it runs, which it gives back at its end."""

    _borrowed: Lent | None = None

    def borrow(self, model: str) -> None:
        self._borrowed = lend(model)

    def end(self) -> None:
        if self._borrowed is not None:
            self._borrowed.give_back()
            self._borrowed = None

    @property
    def lent(self) -> Lent:
        assert self._borrowed is not None, "begin comes first"
        return self._borrowed


class TargetOperation(Borrower, RowOperation):
    """Looks at one row as the model that it is for will see it.

    Attributes:
        train_on: Which answers count.
    """

    needs_model: ClassVar[bool] = True
    rows_ahead: ClassVar[int] = 64
    train_on: TrainOn = "all"

    def begin(self, surroundings: Surroundings) -> None:
        if surroundings.model is None:
            raise InvalidRequest("It is not said which model the rows are for.", "Give it with --model.")
        self.borrow(surroundings.model)

    def look_ahead(self, rows: Sequence[Row]) -> None:
        self.lent.prepare(rows, self.train_on)

    @property
    def target(self) -> Target:
        return self.lent.target

    def each_tokenized(self, row: Row) -> Sequence[TokenizedRow | WorkbenchError]:
        """The row's conversations, see examples_of, each with its tokens, or why it has none."""
        return self.lent.of(row, self.train_on).examples

    def tokenized(self, row: Row) -> Sequence[TokenizedRow]:
        """As `each_tokenized`. Raises what it gives."""
        made = self.each_tokenized(row)
        for one in made:
            if isinstance(one, WorkbenchError):
                raise one
        return [one for one in made if isinstance(one, TokenizedRow)]

    def text_ids(self, row: Row) -> Sequence[int]:
        """The tokens of a row of text."""
        return self.lent.of(row, self.train_on).text_ids
