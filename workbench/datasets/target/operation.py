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
    _lent: _Lent | None = None

    def begin(self, surroundings: Surroundings) -> None:
        if surroundings.model is None:
            raise InvalidRequest("It is not said which model the rows are for.", "Give it with --model.")
        self._lent = _lend(surroundings.model)

    def end(self) -> None:
        if self._lent is not None:
            self._lent.give_back()
            self._lent = None

    @property
    def target(self) -> Target:
        assert self._lent is not None, "begin comes first"
        return self._lent.target

    def tokenized(self, example: TrainingExample) -> TokenizedRow:
        """As Target.tokenized; operations that ask for the same one after the other have it made once."""
        assert self._lent is not None, "begin comes first"
        return self._lent.tokenized(example)


class _Lent:
    """A target that several operations use."""

    def __init__(self, model: str) -> None:
        self.model, self.users = model, 0
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
            _open.pop(self.model, None)


_open: dict[str, _Lent] = {}


def _lend(model: str) -> _Lent:
    lent = _open.get(model) or _open.setdefault(model, _Lent(model))
    lent.users += 1
    return lent
