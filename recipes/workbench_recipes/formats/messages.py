"""`messages`: rows as plain messages, which most programs read. Arguments of calls are objects."""

from __future__ import annotations

from workbench.datasets.export_format import ExportFormat
from workbench.datasets.plain import plain_row
from workbench.datasets.row import KINDS, Rejection, Row
from workbench_recipes.formats.lines import line


class Messages(ExportFormat):
    """JSONL: `messages` and `tools`, or the fields of the row's kind."""

    kinds = KINDS

    def encode(self, row: Row) -> bytes | Rejection:
        return line(plain_row(row))
