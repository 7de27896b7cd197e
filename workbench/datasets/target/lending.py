"""Targets that several operations of a process use: opened by the first of them, closed by the last.

What the target makes of the next rows is asked for all of them at once, and kept for every operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.datasets.row import Row
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.target import open_target
from workbench.datasets.target.training_example import TrainOn, examples_of
from workbench.errors import WorkbenchError


@dataclass(frozen=True, slots=True)
class Reading:
    """What the target makes of a row: of each of its conversations, or why not, and of its text."""

    row: Row
    examples: Sequence[TokenizedRow | WorkbenchError]
    text_ids: Sequence[int]


class Lent:
    """A target, and what it made of the rows that are looked at now."""

    def __init__(self, model: str) -> None:
        self.users = 0
        self.target = open_target(model)
        self._readings: dict[tuple[int, TrainOn], Reading] = {}

    def prepare(self, rows: Sequence[Row], train_on: TrainOn) -> None:
        """Read those that are not read yet; others are forgotten."""
        known = {key: self._readings.get(key) for key in ((id(row), train_on) for row in rows)}
        new = [row for row in rows if known[id(row), train_on] is None]
        self._readings = {key: one for key, one in known.items() if one is not None}
        for reading in self._read(new, train_on):
            self._readings[id(reading.row), train_on] = reading

    def of(self, row: Row, train_on: TrainOn) -> Reading:
        """What it makes of the row, which need not have been prepared."""
        found = self._readings.get((id(row), train_on))
        return found or self._read([row], train_on)[0]

    def give_back(self) -> None:
        self.users -= 1
        if not self.users:
            self.target.close()

    def _read(self, rows: Sequence[Row], train_on: TrainOn) -> list[Reading]:
        examples = [examples_of(row, train_on) for row in rows]
        made = iter(self.target.each_tokenized([one for group in examples for one in group]))
        ids = iter(self.target.vocabulary.ids([row.text for row in rows if row.text]))
        return [
            Reading(row, [next(made) for _ in group], next(ids) if row.text else ())
            for row, group in zip(rows, examples, strict=True)
        ]


_lent: dict[str, Lent] = {}


def lend(model: str) -> Lent:
    """Give it back after use. Raises as open_target."""
    if model not in _lent or not _lent[model].users:
        _lent[model] = Lent(model)
    _lent[model].users += 1
    return _lent[model]
