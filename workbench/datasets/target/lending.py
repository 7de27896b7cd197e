"""Targets that several operations of a process use: opened by the first that asks, closed by the last.

What the target makes of the next rows is asked for all of them at once, and kept for every operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from workbench.datasets.row import Row
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.target import Target, open_target
from workbench.datasets.target.training_example import TrainOn, examples_of
from workbench.errors import WorkbenchError

Key = tuple[TrainOn | int, ...]


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
        self._model, self._opened = model, False
        self._readings: dict[Key, Reading] = {}

    @cached_property
    def target(self) -> Target:
        """Opened where it is first asked for: a process that leaves the rows to others needs none."""
        target = open_target(self._model)
        self._opened = True
        return target

    def prepare(self, rows: Sequence[Row], train_on: TrainOn) -> None:
        """Read those that are not read yet; others are forgotten."""
        keys = {_key(row, train_on): row for row in rows}
        self._readings = {key: self._readings[key] for key in keys if key in self._readings}
        new = {key: row for key, row in keys.items() if key not in self._readings}
        self._readings |= zip(new, self._read(list(new.values()), train_on), strict=True)

    def of(self, row: Row, train_on: TrainOn) -> Reading:
        """What it makes of the row, which need not have been prepared."""
        return self._readings.get(_key(row, train_on)) or self._read([row], train_on)[0]

    def token_counts(self, rows: Sequence[Row]) -> list[int]:
        """How many the model reads of each row, at most; of one that it refuses, those of what is said."""
        texts = [self._texts(row) for row in rows]
        counts = map(len, self.target.vocabulary.ids([text for group in texts for text in group]))
        return [max(islice(counts, len(group)), default=0) for group in texts]

    def give_back(self) -> None:
        self.users -= 1
        if not self.users and self._opened:
            self.target.close()

    def _texts(self, row: Row) -> list[str]:
        if row.text:
            return [row.text]
        try:
            return [self.target.render(one.conversation) for one in examples_of(row)]
        except WorkbenchError:
            return ["\n".join(message.content for message in row.turns)]

    def _read(self, rows: Sequence[Row], train_on: TrainOn) -> list[Reading]:
        examples = [examples_of(row, train_on) for row in rows]
        made = iter(self.target.each_tokenized([one for group in examples for one in group]))
        ids = iter(self.target.vocabulary.ids([row.text for row in rows if row.text]))
        return [
            Reading(row, [next(made) for _ in group], next(ids) if row.text else ())
            for row, group in zip(rows, examples, strict=True)
        ]


def _key(row: Row, train_on: TrainOn) -> Key:
    """The same for a row that was only given further figures."""
    read = (
        row.messages,
        row.weights,
        row.prompt,
        row.chosen,
        row.rejected,
        row.completion,
        row.text,
        row.tools,
    )
    return (train_on, *map(id, read))


_lent: dict[str, Lent] = {}


def lend(model: str) -> Lent:
    """Give it back after use."""
    if model not in _lent or not _lent[model].users:
        _lent[model] = Lent(model)
    _lent[model].users += 1
    return _lent[model]
