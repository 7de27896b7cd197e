"""The questions of a run's steps, asked before the rows come to those steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from workbench.datasets.asking.answers import Answers
from workbench.datasets.asking.asking import Asking
from workbench.datasets.asking.operation import AskingOperation
from workbench.datasets.operation import Operation
from workbench.datasets.row import Row
from workbench.datasets.running.all_parts import run_parts
from workbench.datasets.running.part_files import PartFiles, part_folder
from workbench.datasets.running.plan import Place, Plan, Progress, Tell
from workbench.errors import InvalidRequest


def ask_models(plan: Plan, work: Path, operations: Sequence[Operation], place: Place, tell: Tell) -> None:
    """For each step that asks, look at the rows that come to it. Raises as `Asking.ask`.

    Answers are kept in a file here, so it is InvalidRequest where a cluster reads the input.
    """
    for number, operation in enumerate(operations):
        if isinstance(operation, AskingOperation):
            if place.ray:
                raise InvalidRequest("A recipe that asks a model reads its input here.", "Leave --ray out.")
            before, folder = _until(plan, number), work / f"before-{number + 1}"
            summaries = run_parts(before, folder, operations[:number], place, tell)
            total = sum(summary.rows_out for summary in summaries)
            _ask(plan, operation, _rows(before, folder), total, tell)


def _until(plan: Plan, place: int) -> Plan:
    """The plan of the steps before that one."""
    recipe = msgspec.structs.replace(plan.recipe, steps=plan.recipe.steps[:place])
    return msgspec.structs.replace(plan, recipe=recipe, keeps_rows=True)


def _rows(plan: Plan, folder: Path) -> Iterator[Row]:
    for number in range(len(plan.parts)):
        for rows in PartFiles(part_folder(folder, number)).rows():
            yield from rows


def _ask(plan: Plan, operation: AskingOperation, rows: Iterator[Row], total: int, tell: Tell) -> None:
    assert plan.model is not None
    answers = Answers(Path(plan.answers), plan.model_digest)
    try:
        asking = Asking(plan.model, answers, lambda done: tell(Progress("asking", done, total)))
        asking.ask(map(operation.question, rows))
    finally:
        answers.close()
