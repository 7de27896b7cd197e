"""`split-turns`: a row for each answer, with all that comes before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Row


@dataclass
class SplitTurns(RowOperation):
    """Cuts chats into rows in which only the last answer is learned, so that each is learned as it is asked.

    That is for models whose template forgets what was thought in earlier turns. It comes last, so that rows
    of one chat stay in one split.
    """

    late: ClassVar[bool] = True

    def apply(self, row: Row, findings: Findings) -> Row | Sequence[Row]:
        weights = row.weights or (1.0,) * len(row.messages)
        pairs = enumerate(zip(row.messages, weights, strict=True))
        learned = [place for place, (message, weight) in pairs if message.role == "assistant" and weight]
        if len(learned) < 2:
            return row
        return [_until(row, place, weights[place]) for place in learned]


def _until(row: Row, place: int, weight: float) -> Row:
    return msgspec.structs.replace(
        row,
        messages=row.messages[: place + 1],
        weights=(*[0.0] * place, weight),
        images=tuple(image for image in row.images if image.message <= place),
    )
