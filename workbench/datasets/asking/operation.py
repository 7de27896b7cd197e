"""The contract of operations that ask a model about rows: what a third party reads to write one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from workbench.datasets.asking.answers import Answer, Answers
from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation, Surroundings
from workbench.datasets.row import Rejection, Row
from workbench.errors import InvalidRequest
from workbench.generation import Generation

_MISSING = Rejection("unanswered", "The model was not asked about it.")


class AskingOperation(RowOperation):
    """Looks at one row and at what the model says about it.

    The run asks all questions before rows come to this step, which stands before those that judge the set.
    """

    needs_model: ClassVar[bool] = True

    @abstractmethod
    def question(self, row: Row) -> Generation:
        """What the model is asked. The same row gives the same question."""

    @abstractmethod
    def answered(self, row: Row, answer: Answer, findings: Findings) -> Row | Rejection | Sequence[Row]:
        """As `apply`, with what the model has said."""

    def begin(self, surroundings: Surroundings) -> None:
        if surroundings.model is None or surroundings.answers is None:
            raise InvalidRequest("It is not said which model is asked.", "Give it with --model.")
        self._answers = Answers(surroundings.answers, surroundings.model_digest)

    def end(self) -> None:
        self._answers.close()

    def apply(self, row: Row, findings: Findings) -> Row | Rejection | Sequence[Row]:
        answer = self._answers.of(self.question(row))
        return _MISSING if answer is None else self.answered(row, answer, findings)
