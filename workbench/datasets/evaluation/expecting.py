"""What both models expect of the same rows, one after the other.

Rows are put into words by each model's own template; a base without one borrows the tuned model's.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from workbench.datasets.evaluation.evaluation import Evaluation
from workbench.datasets.evaluation.losses import Losses, RowLoss, losses_of, row_loss
from workbench.datasets.evaluation.subject import Subject
from workbench.datasets.row import Row
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.target import Target, open_target
from workbench.datasets.target.training_example import examples_of
from workbench.errors import InvalidRequest, WorkbenchError
from workbench.planning.defaults import default_settings


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
