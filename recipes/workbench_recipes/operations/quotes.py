"""`quotes`: rows whose quote stands in the text that they were made of."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row


@dataclass
class Quotes(RowOperation):
    """Sets aside rows whose field `quote` is not in their field `passage`, word for word.

    White space counts as one space, and letters are compared composed (NFC). A quote with fewer than
    `least_characters` says too little to rest an answer on.
    """

    least_characters: int = 5

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        quote, passage = (_normal(row.meta.get(name)) for name in ("quote", "passage"))
        if len(quote) < self.least_characters:
            return Rejection("no-quote", f"It quotes too little: “{quote}”.")
        if quote not in passage:
            return Rejection("not-quoted", f"The quote is not in the passage: “{quote}”.")
        return row


def _normal(text: object) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()) if isinstance(text, str) else ""
