"""How much to draft for each answer, from what drafts were right and what steps took.

Drafted tokens are computed beside the answer's next one and kept as long as the model draws the same, so they
change when tokens come and not which. More rows make a step longer; where that costs more than right drafts
save, nothing is drafted for a while. Knows nothing of logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workbench_llama_cpp.pace import ROWS_AT_ONCE

USUAL = 0.5
FORGOTTEN = 0.9
"""What is left of earlier experience after each check."""

RETRY = 0.01
"""How fast a bad experience fades while nothing is tried; that of all answers ten times more slowly."""


@dataclass(slots=True)
class Acceptance:
    """How likely the next draft for one answer is right, given that those before it were; and the counts.

    `others` is the same for all answers that are drafted alike. A new one expects something between what they
    met and what is usual.
    """

    others: Acceptance | None = None
    right: float = field(init=False)
    checked: float = 2.0
    drafted_tokens: int = 0
    accepted_tokens: int = 0

    def __post_init__(self) -> None:
        self.right = self.expected * self.checked

    @property
    def rate(self) -> float:
        return self.right / self.checked

    @property
    def expected(self) -> float:
        return (USUAL + self.others.rate) / 2 if self.others else USUAL

    def learn(self, drafted: int, accepted: int) -> None:
        """So many were drafted, and the model drew the first `accepted` of them."""
        self.right = FORGOTTEN * self.right + accepted
        self.checked = FORGOTTEN * self.checked + min(drafted, accepted + 1)
        if self.others is not None:
            self.others.learn(drafted, accepted)

    def fade(self, speed: float = RETRY) -> None:
        self.right += speed * (self.expected * self.checked - self.right)
        if self.others is not None:
            self.others.fade(speed / 10)


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
        it takes to come by the drafts. Those are chosen that bring the most tokens in a second: as many for
        each answer, since llama.cpp computes what goes beyond in a pass of its own, and as many rows as fill
        the kernels.
        """
        answers, alone, best = len(available), seconds(len(available)), [0] * len(available)
        if alone is None:
            return best
        speed, known = answers / alone, alone
        most = self._draft_rows // max(1, sum(count > 0 for count in available))
        for depth in range(1, min(most, max(available, default=0)) + 1):
            shares = [min(depth, count) for count in available]
            rows = answers + sum(shares)
            if rows > self._most_rows or (answers <= ROWS_AT_ONCE and rows % ROWS_AT_ONCE):
                continue
            measured = seconds(rows)
            longer = (measured or known) - alone + drafting(shares)
            taken = alone + longer * self._trust.setdefault(rows, 1.0)
            found = (answers + sum(map(_hoped, rates, shares))) / taken
            if found > speed:
                speed, best = found, shares
            if measured is None:
                break  # one further size at a time is tried
            known = measured
        self._fade(answers + sum(best))
        return best

    def _fade(self, tried: int) -> None:
        for rows in self._trust:
            self._trust[rows] = 1.0 if rows == tried else self._trust[rows] * (1 - RETRY / 2)


def _hoped(rate: float, share: int) -> float:
    """How many of so many drafts will be accepted."""
    return sum(rate**place for place in range(1, share + 1))
