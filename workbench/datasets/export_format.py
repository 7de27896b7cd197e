"""The contract of formats: how rows are written for one trainer, and the configuration that reads them.

A format is published in the entry-point group `workbench.formats`. Knows no trainer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from workbench.datasets.row import Kind, Rejection, Row


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows of which kind, and for each split the file's name and its rows."""

    kind: Kind
    splits: Mapping[str, tuple[str, int]]
    tools: bool = False
    images: bool = False
    model: str = ""


class ExportFormat(ABC):
    """How one trainer wants rows.

    Attributes:
        kinds: The kinds of rows that it can express.
        ending: Of the files of rows, such as ".jsonl".
        names: What its files of a split are called, where that is not the split's own name.
        writes_meta: Whether it writes the fields that no trainer reads.
    """

    kinds: ClassVar[Sequence[Kind]]
    ending: ClassVar[str] = ".jsonl"
    names: ClassVar[Mapping[str, str]] = {}
    writes_meta: ClassVar[bool] = False

    @abstractmethod
    def encode(self, row: Row) -> bytes | Rejection:
        """The row as it is written, with the end of its line; or why this trainer cannot have it."""

    def finish(self, path: Path) -> None:  # noqa: B027 - lines are files of lines already
        """Make of the file of encoded rows what the trainer reads, in its place."""

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        """Further files by name, each with its text: what the trainer is started with."""
        return {}


def file_name(form: ExportFormat, split: str) -> str:
    return form.names.get(split, split) + form.ending
