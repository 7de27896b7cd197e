"""`decontaminate`: rows that hold questions or answers of the files that a model is tested with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.datasets.findings import Findings
from workbench.datasets.forms.rows import row_of
from workbench.datasets.operation import RowOperation, Surroundings
from workbench.datasets.reading import read, survey
from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.strict_json import Unreadable
from workbench.errors import InvalidRequest
from workbench_recipes.operations.near_duplicates import compared_text
from workbench_recipes.shingles import shingles_of


@dataclass
class Decontaminate(RowOperation):
    """Sets aside rows that have `words` words in a row with a turn of the files `against` in common.

    Turns with fewer words are looked for by `words_of_short`; those that have fewer than that say too little
    to be told from chance.
    """

    against: tuple[str, ...] = ()
    words: int = 13
    words_of_short: int = 8

    def reads(self) -> Sequence[Path]:
        return [Path(path) for path in self.against]

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest where there is nothing to compare with."""
        if not self.against:
            raise InvalidRequest(
                "It is not said which files the rows are compared with.",
                "Name the files that the model is tested with: --against FILE.",
            )
        self._known: dict[int, dict[int, Origin]] = {self.words: {}, self.words_of_short: {}}
        for path in self.reads():
            for row in _rows(path):
                self._remember(row)

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        text = [compared_text(row)]
        for words, known in self._known.items():
            hashes, _ = shingles_of(text, words) if known else (np.zeros(0, np.uint64), None)
            if shared := known.keys() & hashes.tolist():
                origin = min((known[one] for one in shared), key=lambda one: (one.file, one.line))
                return Rejection("contaminated", f"It has {words} words in a row in common with {origin}.")
        return row

    def _remember(self, row: Row) -> None:
        texts = [row.text, *(message.content for message in row.turns if message.role != "system")]
        for text in filter(None, texts):
            for words in (self.words, self.words_of_short):
                hashes, counts = shingles_of([text], words)
                if counts[0] > 1 or _has_words(text, words):
                    for one in hashes.tolist():
                        self._known[words].setdefault(one, row.origin)
                    break


def _has_words(text: str, words: int) -> bool:
    """Whether there are so many: a text with fewer is one shingle, as is one with as many."""
    return int(shingles_of([text], 1)[1][0]) >= words


def _rows(path: Path) -> Iterator[Row]:
    """The rows of a file. Raises InvalidRequest where one cannot be read, so that none is forgotten."""
    source, parts = survey(path, 0)
    for part in parts:
        for number, value in read(source, part):
            try:
                if isinstance(value, Unreadable):
                    raise value
                yield row_of(value, Origin(str(path), number))
            except Unreadable as unreadable:
                raise InvalidRequest(
                    f"Row {number} of {path} cannot be read: {unreadable.reason}",
                    "Correct it or leave it out.",
                ) from None
