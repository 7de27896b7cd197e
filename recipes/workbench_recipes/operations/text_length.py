"""`text-length`: rows that are neither shorter nor longer than asked."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row


@dataclass
class TextLength(RowOperation):
    """Sets aside rows with fewer or more characters in all their turns together, or more turns."""

    least_characters: int = 1
    most_characters: int = 1_000_000
    most_turns: int = 1000

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        letters = len(row.text) + sum([len(message.content) for message in row.turns])
        if letters < self.least_characters and not any(message.tool_calls for message in row.turns):
            return Rejection("too-short", f"It has {letters} characters.")
        if letters > self.most_characters:
            return Rejection("too-long", f"It has {letters:,} characters.")
        if len(row.messages) > self.most_turns:
            return Rejection("too-long", f"It has {len(row.messages)} turns.")
        return row
