"""What one model got right and another no longer does, row by row.

Rows that either was not asked count nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.datasets.evaluation.answers import Answered
from workbench.datasets.evaluation.shares import Share


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Places of rows: those that were right and are wrong, those that were wrong and are right.

    `kept` counts those that both get right, and `rows` all that both were asked.
    """

    lost: tuple[int, ...]
    gained: tuple[int, ...]
    kept: int
    rows: int

    @property
    def lost_share(self) -> Share | None:
        """Of the rows that were right before."""
        before = len(self.lost) + self.kept
        return Share(len(self.lost), before) if before else None


def forgetting(before: Sequence[Answered | None], now: Sequence[Answered | None]) -> Forgetting:
    """Both answer the same rows, in the same order."""
    pairs = [
        (at, one, other) for at, (one, other) in enumerate(zip(before, now, strict=True)) if one and other
    ]
    return Forgetting(
        lost=tuple(at for at, one, other in pairs if one.right and not other.right),
        gained=tuple(at for at, one, other in pairs if other.right and not one.right),
        kept=sum(one.right and other.right for _, one, other in pairs),
        rows=len(pairs),
    )
