"""Both models over the same rows, one after the other: first what they expect, then what they answer.

Rows are put into words by each model's own template; a base without one borrows the tuned model's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from workbench.datasets.evaluation.answers import Answered, answered, question_of
from workbench.datasets.evaluation.losses import Losses, RowLoss, losses_of, row_loss
from workbench.datasets.evaluation.subject import Subject
from workbench.datasets.row import Row
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.target import Target, open_target
from workbench.datasets.target.training_example import TrainOn, examples_of
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, WorkbenchError
from workbench.planning.defaults import default_settings
from workbench.planning.opening import open_planned
from workbench.ports import Scorer

Told = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is measured, and how models are loaded for it."""

    scorer: Scorer
    settings: EngineSettings
    backend: str | None
    train_on: TrainOn = "all"
    most_answer_tokens: int = 256
    told: Told = lambda doing, done, total: None


def losses(evaluation: Evaluation, pair: Sequence[Subject], rows: Sequence[Row]) -> tuple[list[Losses], int]:
    """The losses of each subject on the rows that both can read, and how many rows those are.

    Raises InvalidRequest where there are none, and as loading the models does.
    """
    with closing(open_target(str(pair[0].path))) as first, closing(open_target(str(pair[1].path))) as second:
        targets = _with_templates(first, second)
        made = [_tokenized(target, rows, evaluation) for target in targets]
        usable = [place for place in range(len(rows)) if all(place in one for one in made)]
        if not usable:
            raise InvalidRequest(
                "No row can be read by both models.",
                "`workbench recipe check FILES --model MODEL` tells why.",
            )
        found = [
            _losses(evaluation, subject, target, [one[place] for place in usable])
            for subject, target, one in zip(pair, targets, made, strict=True)
        ]
    return found, len(usable)


def _with_templates(first: Target, second: Target) -> tuple[Target, Target]:
    if first.facts.chat_template is None:
        borrowed = replace(
            first.facts,
            chat_template=second.facts.chat_template,
            tool_template=second.facts.tool_template,
        )
        first = replace(first, facts=borrowed)
    return first, second


def _tokenized(target: Target, rows: Sequence[Row], evaluation: Evaluation) -> dict[int, TokenizedRow]:
    """Those that its template takes and its context holds, by place."""
    limit = evaluation.settings.context_length or target.facts.trained_context
    found = dict[int, TokenizedRow]()
    for place, row in enumerate(rows):
        try:
            made = target.tokenized(examples_of(row, evaluation.train_on)[:1])
        except WorkbenchError:
            continue
        if made and made[0].trained and len(made[0].tokens) <= limit:
            found[place] = made[0]
    return found


def _losses(evaluation: Evaluation, subject: Subject, target: Target, rows: Sequence[TokenizedRow]) -> Losses:
    longest = max(len(row.tokens) for row in rows)
    wanted = subject.settings(replace(evaluation.settings, context_length=longest, parallel=1))
    settings = default_settings(str(subject.path), wanted, evaluation.backend).settings
    with closing(evaluation.scorer.open(str(subject.path), settings)) as model:
        found = list[RowLoss]()
        for row in rows:
            evaluation.told(f"reading answers with {subject.name}", len(found), len(rows))
            found.append(row_loss(model, target, row))
    return losses_of(found)


def answers(evaluation: Evaluation, subject: Subject, rows: Sequence[Row]) -> list[Answered | None]:
    """What the subject answers to each row; None for rows that ask nothing of it.

    That is all of them where it has no chat template.
    """
    return asyncio.run(_answers(evaluation, subject, rows))


async def _answers(evaluation: Evaluation, subject: Subject, rows: Sequence[Row]) -> list[Answered | None]:
    settings = subject.settings(evaluation.settings)
    provider = await open_planned(str(subject.path), settings, backend=evaluation.backend)
    found = list[Answered | None]()
    try:
        if provider.facts.chat_template is None:
            return [None] * len(rows)
        for row in rows:
            evaluation.told(f"asking {subject.name}", len(found), len(rows))
            asked = question_of(row)
            one = await answered(provider, *asked, row, evaluation.most_answer_tokens) if asked else None
            found.append(one)
    finally:
        await provider.close()
    return found
