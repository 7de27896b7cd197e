"""The contract of operations: what a third party reads to write one.

An operation is a dataclass whose fields are its parameters, as a recipe's step gives them, and whose
docstring says what it does. A RowOperation looks at one row; a SetOperation judges rows by each other. It is
published in the entry-point group `workbench.operations`, under the name that recipes call it by.
Rows of one input give the same results in whatever order and in however many processes they are looked at.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from workbench.datasets.findings import Findings, Severity
from workbench.datasets.row import Kind, Origin, Rejection, Row
from workbench.datasets.standing import KeyFiles, Keys, Standing


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run gives its operations.

    Attributes:
        model: The path of the model that the data is for, or that is asked, where there is one.
        model_digest: What tells it from others.
        answers: The file in which answers of models are kept.
    """

    model: str | None = None
    seed: int = 0
    model_digest: str = ""
    answers: Path | None = None


class Operation:
    """One step of a recipe.

    Attributes:
        needs_model: Whether it can do nothing without the model that the data is for.
        late: Whether it belongs after those that look at all rows, where it is added to a recipe.
        makes: The kind of the rows that it makes of others, where that is another one.
    """

    needs_model: ClassVar[bool] = False
    late: ClassVar[bool] = False
    makes: ClassVar[Kind | None] = None

    def reads(self) -> Sequence[Path]:
        """Files beside the input that the results follow from."""
        return ()

    def models(self) -> Sequence[str]:
        """Models beside the one that the data is for, by name or path, that the results follow from."""
        return ()

    def begin(self, surroundings: Surroundings) -> None:
        """Once in each process, before any row. Raises WorkbenchError where it cannot work so."""

    def end(self) -> None:
        """Give back what `begin` took. Idempotent."""


class RowOperation(Operation, ABC):
    """Looks at one row and at nothing else.

    Attributes:
        rows_ahead: How many rows `look_ahead` is given at most.
    """

    rows_ahead: ClassVar[int] = 1

    def look_ahead(self, rows: Sequence[Row]) -> None:
        """Told which rows `apply` gets next, so that what is cheaper for many is done for all of them."""

    @abstractmethod
    def apply(self, row: Row, findings: Findings) -> Row | Rejection | Sequence[Row]:
        """The row as it goes on, changed or not; why it does not; or the rows that it is cut into.

        What is worth telling but no reason to set the row aside goes into `findings`.
        """


class SetOperation(Operation, ABC):
    """Judges rows by each other: takes a key of each, part by part, and decides when all are there.

    Attributes:
        severity: Of the finding that tells of the rows it rejects.
    """

    severity: ClassVar[Severity] = "warning"

    @abstractmethod
    def keys(self, rows: Sequence[Row]) -> Keys:
        """What to remember of these rows. See Keys; arrays without lengths have one place for each row."""

    @abstractmethod
    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        """Change the standing of rows that are kept; rows that go are rejected by `step`."""

    def rejection(self, twin: Origin | None) -> Rejection:
        """The words for a row that was rejected because of `twin`. Raises where it never rejects."""
        raise NotImplementedError
