"""A whole run: from a plan to the folder that a trainer reads, or to findings alone."""

from __future__ import annotations

import errno
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from workbench import wording
from workbench.datasets import extensions
from workbench.datasets.asking.operation import AskingOperation
from workbench.datasets.findings import Findings
from workbench.datasets.operation import Operation
from workbench.datasets.recipe import kinds_made
from workbench.datasets.row import Kind, Origin
from workbench.datasets.running.all_parts import run_parts
from workbench.datasets.running.asking import ask_models
from workbench.datasets.running.delivery import Delivered, Delivery
from workbench.datasets.running.judging import judge, own_keys
from workbench.datasets.running.outcome import Outcome, outcome
from workbench.datasets.running.part_files import PartFiles, Summary, part_folder
from workbench.datasets.running.plan import Place, Plan, Progress, Steps, Tell
from workbench.datasets.standing import Standing
from workbench.errors import InvalidRequest, NoSpace, WorkbenchError
from workbench.openai_client.address import is_address
from workbench.whole_file import write_whole

_EXAMPLES = 5


def run(plan: Plan, work: Path, target: Path, place: Place, tell: Tell) -> Outcome:
    """Do what is not done yet and return what came of all of it; `target` then holds what was written.

    `work` keeps the parts meanwhile. Raises WorkbenchError where a file cannot be read or written.
    """
    with _explained(), _operations(plan) as operations:
        steps, findings = Steps.of(operations), Findings()
        _begin(plan, work)
        ask_models(plan, work, operations, place, tell)
        summaries = run_parts(plan, work, operations, place, tell)
        for finding in (finding for summary in summaries for finding in summary.findings):
            findings.merge(finding)
        _tell_of_unread(plan, findings)
        standing = judge(plan, steps, work, summaries, findings, tell)
        _tell_of_judging(steps, standing, findings)
        delivered = None
        if plan.formats:
            delivered = _deliver(plan, steps, work, target, summaries, standing, findings, tell)
        own = own_keys(plan, work, summaries)
        return outcome(plan.recipe, summaries, steps, standing, delivered, findings, own)


def _begin(plan: Plan, work: Path) -> None:
    """Keep what an earlier run of the same plan did, and nothing else."""
    mark = work / "plan"
    if not mark.is_file() or mark.read_text() != plan.fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        write_whole(mark, plan.fingerprint.encode())


@contextmanager
def _operations(plan: Plan) -> Iterator[Sequence[Operation]]:
    operations = plan.recipe.operations()
    _check_model(plan, operations)
    try:
        for operation in operations:
            operation.begin(plan.surroundings)
        yield operations
    finally:
        for operation in operations:
            operation.end()


def _check_model(plan: Plan, operations: Sequence[Operation]) -> None:
    needing = [operation for operation in operations if operation.needs_model]
    asked_only = all(isinstance(operation, AskingOperation) for operation in needing)
    if needing and not plan.model:
        noun = "a model to ask" if asked_only else "the model that the data is for"
        raise InvalidRequest(f"{plan.recipe.name} needs {noun}.", "Name it with --model.")
    if plan.model and is_address(plan.model) and not asked_only:
        raise InvalidRequest(
            "The vocabulary of a model elsewhere cannot be read.", "Name a model on this machine."
        )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace("The disk is full.", "Make room; the same command goes on from here.") from error
        raise WorkbenchError(
            f"A file cannot be used: {error.strerror or error}.", "Check the folders."
        ) from error


def _tell_of_unread(plan: Plan, findings: Findings) -> None:
    for path in plan.unread:
        findings.add(
            "not-read", "note", "It is no document that can be read, or lies outside the folder.",
            Origin(path, 1), "Save those that matter as PDF, DOCX, HTML, Markdown or plain text.",
        )  # fmt: skip


def _tell_of_judging(steps: Steps, standing: Standing, findings: Findings) -> None:
    """A finding for each step that rejected rows, with the first of them."""
    for step, operation in steps.judging:
        rows = np.flatnonzero(standing.rejected_by == step)
        for row in rows[:_EXAMPLES].tolist():
            twin = int(standing.twin[row])
            why = operation.rejection(None if twin < 0 else standing.origin(twin))
            findings.add(why.rule, operation.severity, why.reason, standing.origin(row))
        if len(rows) > _EXAMPLES:
            findings.count(operation.rejection(None).rule, len(rows) - _EXAMPLES)


def _deliver(
    plan: Plan, steps: Steps, work: Path, target: Path, summaries: Sequence[Summary], standing: Standing,
    findings: Findings, tell: Tell,
) -> Delivered:  # fmt: skip
    kind = _kind_of(plan, summaries)
    formats = extensions.formats_for(plan.formats, (kind,))
    unfinished = work / "out"
    shutil.rmtree(unfinished, ignore_errors=True)
    parts = [PartFiles(part_folder(work, number)) for number in range(len(plan.parts))]
    delivered = Delivery(unfinished, formats, steps, findings).write(
        parts, standing, kind, plan.model or "",
        lambda row: tell(Progress("writing", row, len(standing))),
    )  # fmt: skip
    target.mkdir(parents=True, exist_ok=True)
    for folder in unfinished.iterdir():
        shutil.rmtree(target / folder.name, ignore_errors=True)
        folder.rename(target / folder.name)
    return delivered


def _kind_of(plan: Plan, summaries: Sequence[Summary]) -> Kind:
    """Trainers decide by a file's first row what all of them are, so there can be one kind only."""
    counts = Counter[str]()
    for summary in summaries:
        counts.update(summary.kinds)
    if len(counts) > 1:
        told = ", ".join(f"{wording.count(rows, 'row')} of {kind}" for kind, rows in counts.most_common())
        raise InvalidRequest(f"The rows are of several kinds: {told}.", "Choose one with --kind.")
    kinds = kinds_made(plan.recipe)
    return next((kind for kind in kinds if kind in counts), kinds[0])
