"""`provenance`: rows with where they come from and all that is known of them, to be looked through."""

from __future__ import annotations

from typing import ClassVar

from workbench.datasets.export_format import ExportFormat
from workbench.datasets.plain import plain_row
from workbench.datasets.row import KINDS, Rejection, Row
from workbench_recipes.formats.lines import line


class Provenance(ExportFormat):
    """JSONL: the row as `messages` has it, its `origin`, and the other fields in `meta`."""

    kinds = KINDS
    writes_meta: ClassVar[bool] = True

    def encode(self, row: Row) -> bytes | Rejection:
        return line(plain_row(row) | {"origin": str(row.origin), "meta": row.meta})
