"""How much to draft for each answer, from what drafts were right and what steps took.

Drafted tokens are computed beside the answer's next one and kept as long as the model draws the same, so they
change when tokens come and not which. More rows make a step longer; where that costs more than right drafts
save, nothing is drafted for a while. Knows nothing of logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench_llama_cpp.pace import ROWS_AT_ONCE

USUAL = 0.5
FORGOTTEN = 0.9
"""What is left of earlier experience after each check."""

RETRY = 0.01
"""How fast a bad experience fades while nothing is tried."""


@dataclass(slots=True)
class Acceptance:
    """How likely the next draft for one answer is right, given that those before it were; and the counts."""

    right: float = 2 * USUAL
    checked: float = 2.0
    drafted_tokens: int = 0
    accepted_tokens: int = 0

    @property
    def rate(self) -> float:
        return self.right / self.checked

    def learn(self, drafted: int, accepted: int) -> None:
        """So many were drafted, and the model drew the first `accepted` of them."""
        self.right = FORGOTTEN * self.right + accepted
        self.checked = FORGOTTEN * self.checked + min(drafted, accepted + 1)

    def fade(self) -> None:
        self.right += RETRY * (USUAL * self.checked - self.right)


class Ambition:
    """Decides how many drafts a step checks. Steps are as long as their number of rows made them before."""

    def __init__(self, most_rows: int, draft_rows: int) -> None:
        self._most_rows = most_rows
        self._draft_rows = draft_rows
        self._trust: dict[int, float] = {}

    def shares(
        self, available: Sequence[int], rates: Sequence[float], seconds: Callable[[int], float | None]
    ) -> list[int]:
        """How many drafts to check for each answer, of so many at hand, each right with that probability.

        `seconds` tells what a step of so many rows takes, None where there was none yet.
        """
        answers = len(available)
        hopes = sorted(
            (-(rate**place), index)
            for index, (count, rate) in enumerate(zip(available, rates, strict=True))
            for place in range(1, count + 1)
        )
        chosen = self._best([-hope for hope, _ in hopes], answers, seconds)
        shares = [0] * answers
        for _, index in hopes[:chosen]:
            shares[index] += 1
        return shares

    def _best(self, hopes: Sequence[float], answers: int, seconds: Callable[[int], float | None]) -> int:
        """The number of drafts with the most tokens in a second; as many rows as fill the kernels."""
        alone = seconds(answers)
        if alone is None:
            return 0
        best, chosen = answers / alone, 0
        first = (answers // ROWS_AT_ONCE + 1) * ROWS_AT_ONCE
        most = min(answers + min(len(hopes), self._draft_rows), self._most_rows)
        for rows in range(first, most + 1, ROWS_AT_ONCE):
            slowness = self._slowed(rows, alone, seconds(rows))
            speed = (answers + sum(hopes[: rows - answers])) / (alone * slowness)
            if speed > best:
                best, chosen = speed, rows - answers
        self._fade(answers + chosen)
        return chosen

    def _slowed(self, rows: int, alone: float, measured: float | None) -> float:
        """How many times longer such a step is; as long where it has not been tried, or not for long."""
        if measured is None:
            return 1.0
        slowness = measured / alone
        return 1 + (slowness - 1) * self._trust.setdefault(rows, 1.0)

    def _fade(self, tried: int) -> None:
        for rows in self._trust:
            self._trust[rows] = 1.0 if rows == tried else self._trust[rows] * (1 - RETRY / 4)
