"""`raw-text`: one text file, as llama.cpp's llama-finetune reads it.

It takes control tokens for the letters they are written in, so conversations would be learned wrong.
"""

from __future__ import annotations

from workbench.datasets.export_format import ExportFormat
from workbench.datasets.row import Rejection, Row


class RawText(ExportFormat):
    """Texts, an empty line between them."""

    kinds = ("text",)
    ending = ".txt"

    def encode(self, row: Row) -> bytes | Rejection:
        return row.text.encode() + b"\n\n"
