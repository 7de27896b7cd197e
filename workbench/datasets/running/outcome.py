"""What came of a run, in numbers that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from workbench.datasets.balance import Balance, balance_of
from workbench.datasets.copies import Copies, copies_of
from workbench.datasets.findings import Finding, Findings
from workbench.datasets.languages import languages_of
from workbench.datasets.lengths import Lengths, lengths_of
from workbench.datasets.recipe import Recipe
from workbench.datasets.running.delivery import Delivered
from workbench.datasets.running.part_files import Summary
from workbench.datasets.running.plan import Steps
from workbench.datasets.standing import KeyFiles, Standing


class Outcome(Struct, frozen=True, kw_only=True):
    """Rows that came in, were added by cutting rows, left, and were set aside.

    Attributes:
        steps: For each step its name and how many rows it set aside; the first is reading, the last writing.
        rejected: Rows set aside, by rule.
        kinds: Rows that were read, by kind.
        languages: Rows that stay, by language, where an operation told it; most first.
        splits: Rows of each split; `formats` holds those of each format.
        left_out: For each field that no format writes how many rows had it.
    """

    rows_in: int
    rows_added: int
    rows_out: int
    rows_quarantined: int
    steps: tuple[tuple[str, int], ...]
    rejected: dict[str, int]
    kinds: dict[str, int]
    languages: dict[str, int]
    splits: dict[str, int]
    formats: dict[str, dict[str, int]]
    left_out: dict[str, int]
    findings: tuple[Finding, ...]
    lengths: Lengths
    balance: Balance
    copies: Copies


def outcome(
    recipe: Recipe, summaries: Sequence[Summary], steps: Steps, standing: Standing,
    delivered: Delivered | None, findings: Findings, own: KeyFiles,
) -> Outcome:  # fmt: skip
    """Without a delivery, rows that stay are those that would have been written; `own` are the run's keys."""
    set_aside, rejected = (
        _judged(steps, standing) if delivered is None else (delivered.steps, delivered.rejected)
    )
    by_step, kinds = Counter(set_aside), Counter[str]()
    by_rule = Counter(rejected)
    for summary in summaries:
        by_step.update(dict(enumerate(summary.steps)))
        by_rule.update(summary.rejected)
        kinds.update(summary.kinds)
    splits = dict(delivered.splits) if delivered else _kept_by_split(standing)
    formats: dict[str, dict[str, int]] = {}
    for (name, split), rows in (delivered.of_format if delivered else {}).items():
        formats.setdefault(name, {})[split] = rows
    names = ["read", *(str(step["operation"]) for step in recipe.steps), "write"]
    told = Outcome(
        rows_in=sum(one.rows_in for one in summaries),
        rows_added=sum(one.rows_added for one in summaries) + (delivered.rows_added if delivered else 0),
        rows_out=sum(splits.values()),
        rows_quarantined=by_step.total(),
        steps=tuple((name, by_step[number]) for number, name in enumerate(names)),
        rejected=dict(sorted(by_rule.items())),
        kinds=dict(sorted(kinds.items())),
        languages=languages_of(own, standing.kept),
        splits=splits,
        formats=formats,
        left_out=dict(sorted(delivered.left_out.items())) if delivered else {},
        findings=tuple(findings.all()),
        lengths=lengths_of(own, standing.kept),
        balance=balance_of(own, standing.kept),
        copies=copies_of(standing),
    )
    if told.rows_in + told.rows_added != told.rows_out + told.rows_quarantined:
        raise AssertionError(f"Rows went missing: {told.rows_in}, {told.rows_out}, {told.rows_quarantined}")
    return told


def _judged(steps: Steps, standing: Standing) -> tuple[Counter[int], Counter[str]]:
    by_step = Counter({step: int((standing.rejected_by == step).sum()) for step, _ in steps.judging})
    by_rule = Counter(
        {one.rejection(None).rule: by_step[step] for step, one in steps.judging if by_step[step]}
    )
    return by_step, by_rule


def _kept_by_split(standing: Standing) -> dict[str, int]:
    counts = {
        name: int((standing.split[standing.kept] == at).sum()) for at, name in enumerate(standing.splits)
    }
    return {name: rows for name, rows in counts.items() if rows}
