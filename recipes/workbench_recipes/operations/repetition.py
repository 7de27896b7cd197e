"""`repetition`: what a model would learn by heart, as many answers say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xxhash
from numpy.typing import NDArray

from workbench.datasets.findings import Findings
from workbench.datasets.operation import SetOperation
from workbench.datasets.row import Row
from workbench.datasets.standing import KeyFiles, Keys, Standing

_REFUSAL = re.compile(
    r"(?:i'?m (?:very )?sorry|i am sorry|sorry|i apologi[sz]e|unfortunately)?[,.]? ?(?:but )?"
    r"(?:as an? (?:ai|artificial|large language|language)\b"
    r"|i(?: can'?t|'m unable to| cannot| am unable to| am not able to| won'?t) "
    r"(?:help|assist|provide|comply|fulfil|do|answer|create|write|engage|continue|discuss|share|give))"
)
"""How refusals in English begin."""


@dataclass
class Repetition(SetOperation):
    """Tells of answers, and of their first `words` words, that more than `most_share` of the rows have.

    Tells of refusals in English as well, and of sets of fewer than `least_rows`. Sets nothing aside.
    """

    late: ClassVar[bool] = True
    most_share: float = 0.05
    words: int = 5
    least_rows: int = 100

    def keys(self, rows: Sequence[Row]) -> Keys:
        answers = [_answer(row).lower().split() for row in rows]
        return {
            "answer": np.array([_hash(words) for words in answers], np.uint64),
            "opening": np.array(
                [_hash(words[: self.words] if len(words) > self.words else []) for words in answers],
                np.uint64,
            ),
            "refusal": np.array([bool(_REFUSAL.match(_beginning(words))) for words in answers]),
        }

    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        kept = standing.kept
        rows = int(kept.sum())
        if 0 < rows < self.least_rows:
            first = standing.origin(int(np.argmax(kept)))
            findings.add("few-rows", "note", f"Only {rows} rows stay.", first, "Some hundreds teach more.")
        for name in ("answer", "opening"):
            for same in keys.groups(name):
                self._tell(name, same[kept[same]], rows, keys, standing, findings)
        refusals = np.flatnonzero(keys.column("refusal") & kept)
        for row in refusals.tolist():
            what = "Its answer is a refusal."
            findings.add("refusal", "note", what, standing.origin(row), "Leave it out, or keep few of them.")

    def _tell(
        self,
        name: str,
        same: NDArray[np.int64],
        rows: int,
        keys: KeyFiles,
        standing: Standing,
        findings: Findings,
    ) -> None:
        if len(same) < 2 or len(same) <= self.most_share * rows or not keys.column(name)[same[0]]:
            return
        what = (
            "the same answer" if name == "answer" else f"answers that begin with the same {self.words} words"
        )
        findings.add(
            f"{name}-repeated", "warning", f"{len(same)} rows of {rows} have {what}.",
            standing.origin(int(same[0])), "Leave most of them out, or say it in other words.",
        )  # fmt: skip
        findings.count(f"{name}-repeated", len(same) - 1)


def _answer(row: Row) -> str:
    """What is learned last."""
    turns = row.chosen or row.turns
    return next((message.content for message in reversed(turns) if message.role == "assistant"), "")


def _beginning(words: Sequence[str]) -> str:
    return " ".join(words[:12]).replace("’", "'")


def _hash(words: Sequence[str]) -> int:
    """0 for none."""
    return xxhash.xxh3_64_intdigest(" ".join(words).encode()) | 1 if words else 0
