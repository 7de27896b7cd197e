"""Both models over the same rows: what they expect, what they answer, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.datasets.evaluation.asking import Answers, answers, judged
from workbench.datasets.evaluation.evaluation import Evaluation
from workbench.datasets.evaluation.expecting import losses
from workbench.datasets.evaluation.forgetting import Forgetting, forgetting
from workbench.datasets.evaluation.judging import Judged
from workbench.datasets.evaluation.losses import Losses
from workbench.datasets.evaluation.subject import Subject
from workbench.datasets.row import Row
from workbench.models import LocalModel

Rows = Mapping[str, Sequence[Row]]
"""Of the sets "held_out", "train" and "regression" those that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What was found of a base and a tuned model.

    Attributes:
        losses: Of each set those of both, and on how many rows.
        answers: Those of both to each set that was asked; none where nothing was.
        judge: The name of the model that judged, or "".
    """

    pair: tuple[Subject, Subject]
    rows: Rows
    losses: Mapping[str, tuple[Sequence[Losses], int]]
    answers: Mapping[str, Sequence[Answers]]
    judge: str = ""
    judged: Judged | None = None

    @property
    def forgetting(self) -> Forgetting | None:
        """Of the regression set."""
        both = self.answers.get("regression")
        return forgetting(*both) if both else None


def evaluated(
    evaluation: Evaluation, pair: tuple[Subject, Subject], rows: Rows, asks: bool, judge: LocalModel | None
) -> Evaluated:
    """Raises as loading the models does, and InvalidRequest for sets of which no row can be read."""
    found = {name: losses(evaluation, pair, chosen) for name, chosen in rows.items()}
    asked = [name for name in ("held_out", "regression") if name in rows] if asks else []
    given = [answers(evaluation, one, [rows[name] for name in asked]) for one in pair] if asked else []
    by_set = {name: tuple(one[place] for one in given) for place, name in enumerate(asked)}
    verdicts = judged(evaluation, judge, rows["held_out"], by_set["held_out"]) if judge and asked else None
    return Evaluated(
        pair=pair,
        rows=rows,
        losses=found,
        answers=by_set,
        judge=judge.name if judge else "",
        judged=verdicts,
    )
