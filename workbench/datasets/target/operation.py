"""What operations that ask the target have in common: one model for all of them in a process, opened once."""

from __future__ import annotations

from typing import ClassVar

from workbench.datasets.operation import RowOperation, Surroundings
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.target import Target, open_target
from workbench.datasets.target.training_example import TrainingExample
from workbench.errors import InvalidRequest


class TargetOperation(RowOperation):
    """Looks at one row as the model that it is for will see it."""

    needs_model: ClassVar[bool] = True
    _borrowed: _Lent | None = None

    def begin(self, surroundings: Surroundings) -> None:
        if surroundings.model is None:
            raise InvalidRequest("It is not said which model the rows are for.", "Give it with --model.")
        self._borrowed = _lend(surroundings.model)

    def end(self) -> None:
        if self._borrowed is not None:
            self._borrowed.give_back()
            self._borrowed = None

    @property
    def target(self) -> Target:
        assert self._borrowed is not None, "begin comes first"
        return self._borrowed.target

    def tokenized(self, example: TrainingExample) -> TokenizedRow:
        """As Target.tokenized; operations that ask for the same one after the other have it made once."""
        assert self._borrowed is not None, "begin comes first"
        return self._borrowed.tokenized(example)


class _Lent:
    """A target that several operations use."""

    def __init__(self, model: str) -> None:
        self.users = 0
        self.target = open_target(model)
        self._last: TokenizedRow | None = None

    def tokenized(self, example: TrainingExample) -> TokenizedRow:
        if self._last is None or self._last.example != example:
            (self._last,) = self.target.tokenized([example])
        return self._last

    def give_back(self) -> None:
        self.users -= 1
        if not self.users:
            self.target.close()


_lent: dict[str, _Lent] = {}


def _lend(model: str) -> _Lent:
    if model not in _lent or not _lent[model].users:
        _lent[model] = _Lent(model)
    _lent[model].users += 1
    return _lent[model]
