"""What came of a run, for people, as Markdown. All numbers are counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workbench import wording
from workbench.datasets import extensions
from workbench.datasets.export_format import file_name
from workbench.datasets.findings import Finding
from workbench.datasets.recipe import Recipe
from workbench.datasets.running.outcome import Outcome
from workbench.datasets.running.plan import Plan

_BAR = 40


def markdown(plan: Plan, outcome: Outcome) -> str:
    """The report of a run."""
    return "\n".join(_lines(plan, outcome)) + "\n"


def _lines(plan: Plan, outcome: Outcome) -> Iterator[str]:
    yield from (f"# {plan.recipe.name}", "", plan.recipe.summary, "")
    yield from _table(("file", "size", "encoding"), (
        (source.path, wording.size(source.size_bytes), source.encoding or source.layout)
        for source in plan.sources
    ))  # fmt: skip
    if plan.sample:
        yield from ("", f"Only a sample of about {wording.count(plan.sample, 'row')} was looked at.")
    yield from ("", "## Rows", "", balance(outcome), "")
    yield from _table(("step", "set aside"), ((name, f"{rows:,}") for name, rows in outcome.steps), right=1)
    yield from ("", "## What is there", "")
    yield from _table(("kind", "rows"), _counts(outcome.kinds), right=1)
    if outcome.languages:
        yield ""
        yield from _table(("language", "rows"), _counts(outcome.languages), right=1)
    if outcome.splits:
        yield ""
        yield from _table(("split", "rows"), _counts(outcome.splits), right=1)
    yield from _formats(outcome)
    yield from _found(outcome.findings)
    yield from _lengths(outcome)
    if outcome.left_out:
        fields = ", ".join(f"{name} ({rows:,})" for name, rows in outcome.left_out.items())
        yield from ("", "## Fields that are not written", "", f"With the rows that had them: {fields}.")


def balance(outcome: Outcome) -> str:
    cut = f" and {outcome.rows_added:,} more by cutting rows" if outcome.rows_added else ""
    return (
        f"{wording.count(outcome.rows_in, 'row')} came in{cut}: {outcome.rows_out:,} stay,"
        f" {outcome.rows_quarantined:,} are set aside."
    )


def _formats(outcome: Outcome) -> Iterator[str]:
    if len(outcome.formats) > 1:
        yield ""
        yield from _table(("format", "rows"), (
            (name, ", ".join(f"{split} {rows:,}" for split, rows in splits.items()))
            for name, splits in outcome.formats.items()
        ))  # fmt: skip


def _found(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        yield from ("", "Nothing is wrong with the rows.")
        return
    yield from ("", "## What was found", "")
    for finding in findings:
        yield f"- **{finding.rule}** ({finding.severity}): {wording.count(finding.count, 'row')}"
        for example in finding.examples[:3]:
            yield f"  - `{example.origin}` {_on_one_line(example.message)}"
        if finding.remedy:
            yield f"  - {finding.remedy}"


def _lengths(outcome: Outcome) -> Iterator[str]:
    lengths = outcome.lengths
    if not lengths.characters:
        return
    yield from ("", "## Lengths", "")
    names = list(lengths.characters)
    yield from _table(("", *names), (
        ("characters", *(f"{value:,}" for value in lengths.characters.values())),
        ("turns", *(f"{value:,}" for value in lengths.turns.values())),
    ), right=1)  # fmt: skip
    yield from ("", "Rows by characters:", "", "```text")
    most = max(rows for _, rows in lengths.histogram)
    for below, rows in lengths.histogram:
        yield f"below {below:>10,}  {rows:>10,}  {'#' * -(-rows * _BAR // most)}"
    yield "```"


def _counts(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    return ((name, f"{rows:,}") for name, rows in counts.items())


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: int | None = None) -> Iterator[str]:
    """Columns from the index `right` on are aligned to the right."""
    yield _row(headings)
    yield _row(["---:" if right is not None and index >= right else "---" for index in range(len(headings))])
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _on_one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).replace("`", "'")


def card(recipe: Recipe, outcome: Outcome) -> str:
    """A README that says where the splits are to programs that load the folder as a dataset."""
    files = _files(outcome)
    configs = "\n".join(f"      - split: {split}\n        path: {path}" for split, path in files.items())
    return f"""---
configs:
  - config_name: default
    data_files:
{configs}
---

# {recipe.name}

{recipe.summary} {balance(outcome)} `report/report.md` says why.
"""


def _files(outcome: Outcome) -> dict[str, str]:
    """Where each split is, as a path in the folder; trainers call what is held out validation."""
    name = "messages" if "messages" in outcome.formats else next(iter(outcome.formats))
    form, names = extensions.export_format(name), {"valid": "validation"}
    return {names.get(split, split): f"{name}/{file_name(form, split)}" for split in outcome.formats[name]}
