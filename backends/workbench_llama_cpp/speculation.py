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
        self,
        available: Sequence[int],
        rates: Sequence[float],
        seconds: Callable[[int], float | None],
        drafting: Callable[[Sequence[int]], float] = lambda shares: 0.0,
    ) -> list[int]:
        """How many drafts to check for each answer, of so many to be had, each right with that probability.

        `seconds` tells what a step of so many rows takes, None where there was none yet, and `drafting` what
        it takes to come by the drafts. Those are chosen that bring the most tokens in a second, and as many
        rows as fill the kernels.
        """
        answers = len(available)
        alone, best = seconds(answers), [0] * answers
        if alone is None:
            return best
        hopes = sorted(
            (-(rate**place), index)
            for index, (count, rate) in enumerate(zip(available, rates, strict=True))
            for place in range(1, count + 1)
        )
        speed = answers / alone
        first = (answers // ROWS_AT_ONCE + 1) * ROWS_AT_ONCE
        most = min(answers + min(len(hopes), self._draft_rows), self._most_rows)
        for rows in range(first, most + 1, ROWS_AT_ONCE):
            likeliest = hopes[: rows - answers]
            shares = [sum(index == answer for _, index in likeliest) for answer in range(answers)]
            longer = (seconds(rows) or alone) - alone + drafting(shares)
            taken = alone + longer * self._trust.setdefault(rows, 1.0)
            found = (answers - sum(hope for hope, _ in likeliest)) / taken
            if found > speed:
                speed, best = found, shares
        self._fade(answers + sum(best))
        return best

    def _fade(self, tried: int) -> None:
        for rows in self._trust:
            self._trust[rows] = 1.0 if rows == tried else self._trust[rows] * (1 - RETRY / 4)
