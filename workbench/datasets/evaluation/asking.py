"""What both models answer to rows, and what a judge says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from workbench.backend import Provider
from workbench.datasets.evaluation.answers import Answered, answered, question_of, schema_of
from workbench.datasets.evaluation.evaluation import Evaluation
from workbench.datasets.evaluation.judging import Judged, Verdict, verdict
from workbench.datasets.evaluation.subject import Subject
from workbench.datasets.row import Row
from workbench.engine_settings import EngineSettings
from workbench.models import LocalModel
from workbench.planning.opening import open_planned

Answers = Sequence[Answered | None]
"""One for each row, None for a row that asks nothing of the model."""


def answers(evaluation: Evaluation, subject: Subject, sets: Sequence[Sequence[Row]]) -> list[Answers]:
    """What the subject answers to the rows of each set; None for rows that ask nothing of it.

    That is all of them where it has no chat template.
    """
    return asyncio.run(_answers(evaluation, subject, sets))


async def _answers(evaluation: Evaluation, subject: Subject, sets: Sequence[Sequence[Row]]) -> list[Answers]:
    settings = subject.settings(evaluation.settings)
    provider = await open_planned(str(subject.path), settings, backend=evaluation.backend)
    try:
        if provider.facts.chat_template is None:
            return [(None,) * len(rows) for rows in sets]
        return [await _of_rows(evaluation, subject, provider, rows) for rows in sets]
    finally:
        await provider.close()


async def _of_rows(
    evaluation: Evaluation, subject: Subject, provider: Provider, rows: Sequence[Row]
) -> Answers:
    found = list[Answered | None]()
    for row in rows:
        evaluation.told(f"asking {subject.name}", len(found), len(rows))
        asked, schema = question_of(row), schema_of(row) or evaluation.schema
        most = evaluation.most_answer_tokens
        found.append(await answered(provider, *asked, schema, most) if asked else None)
    return found


def judged(
    evaluation: Evaluation, judge: LocalModel, rows: Sequence[Row], answers: Sequence[Answers]
) -> Judged:
    """What the judge, here or elsewhere, says of the base's and the tuned model's answers to the rows.

    Raises as loading it does, and Unsupported for one that cannot be held to a form.
    """
    return asyncio.run(_judged(evaluation, judge, rows, answers))


async def _judged(
    evaluation: Evaluation, judge: LocalModel, rows: Sequence[Row], answers: Sequence[Answers]
) -> Judged:
    provider = await open_planned(judge.location, EngineSettings())
    found = list[Verdict | None]()
    try:
        for row, base, tuned in zip(rows, *answers, strict=True):
            evaluation.told(f"asking {judge.name} which is better", len(found), len(rows))
            asked = question_of(row)
            if asked and base and tuned:
                found.append(await verdict(provider, *asked, base, tuned))
    finally:
        await provider.close()
    return Judged(found)
