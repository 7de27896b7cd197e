"""How runs of recipes are told: while they go on, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import assert_never

import msgspec

from workbench import wording
from workbench.cli import output
from workbench.cli.news import News
from workbench.datasets.findings import SEVERITIES
from workbench.datasets.making import Order, make
from workbench.datasets.report import markdown
from workbench.datasets.running.outcome import Outcome
from workbench.datasets.running.plan import Plan, Progress
from workbench.datasets.target.remarks import Remark

_EXAMPLES = 2


def making(order: Order) -> tuple[Plan, Outcome]:
    """Run it and tell how far it is. Raises as `make`."""
    news, begun = News(), dict[str, tuple[float, int]]()

    def tell(progress: Progress) -> None:
        since, before = begun.setdefault(progress.phase, (time.monotonic(), progress.done))
        left = wording.time_left(
            time.monotonic() - since, progress.done - before, progress.total - progress.done
        )
        news.tell(_words(progress) + left)

    try:
        return make(order, tell)
    except KeyboardInterrupt:
        news.end()
        if order.target and not order.sample:
            output.note("Stopped. The same command goes on from here.")
        raise
    finally:
        news.end()


def finish(made: Plan, outcome: Outcome, order: Order, as_json: bool) -> None:
    """What came of `recipe run`."""
    if as_json:
        output.document(_document(outcome))
    elif not made.formats:
        output.write(markdown(made, outcome))
    else:
        _summarise(outcome)
        output.note(f"Written to {order.target}; {order.target}/report says what was found.")


def tell_findings(made: Plan, outcome: Outcome, template: Sequence[Remark], as_json: bool) -> None:
    """What came of `recipe check`, and what the model's chat template does to any row."""
    if as_json:
        told = [asdict(remark) for remark in template]
        output.document({**_document(outcome), **({"template": told} if template else {})})
        return
    kinds = ", ".join(f"{rows:,} {kind}" for kind, rows in outcome.kinds.items()) or "none"
    output.line(f"{wording.count(outcome.rows_in, 'row')} read, of which can be used: {kinds}")
    if outcome.languages:
        output.line(f"Languages: {', '.join(f'{rows:,} {name}' for name, rows in outcome.languages.items())}")
    for finding in outcome.findings:
        output.line()
        output.line(f"{finding.severity}: {finding.rule}, {wording.count(finding.count, 'row')}")
        for example in finding.examples[:_EXAMPLES]:
            output.line(f"  {output.on_one_line(f'{example.origin}  {example.message}')}")
        if finding.remedy:
            output.line(f"  {finding.remedy}")
    if not outcome.findings:
        output.line("Nothing is wrong with them.")
    tell_remarks(template)


def tell_remarks(remarks: Sequence[Remark]) -> None:
    """Those about a template or a single row, errors first."""
    for remark in sorted(remarks, key=lambda one: SEVERITIES.index(one.severity)):
        output.note(f"{remark.severity}: {remark.message} {remark.remedy}".rstrip())


def _summarise(outcome: Outcome) -> None:
    splits = ", ".join(f"{rows:,} {split}" for split, rows in outcome.splits.items()) or "none"
    output.line(f"{outcome.rows_in:,} rows read")
    for rule, rows in outcome.rejected.items():
        output.line(f"{rows:,} set aside: {rule}")
    if outcome.rows_added:
        output.line(f"{outcome.rows_added:,} more by cutting rows")
    output.line(f"{outcome.rows_out:,} rows written: {splits}")


def _document(outcome: Outcome) -> dict[str, object]:
    told = msgspec.to_builtins(outcome, str_keys=True)
    assert isinstance(told, dict)
    return told | {"steps": [{"name": name, "set_aside": rows} for name, rows in outcome.steps]}


def _words(progress: Progress) -> str:
    match progress.phase:
        case "reading":
            return f"read {wording.size(progress.done)} of {wording.size(progress.total)}"
        case "asking":
            return f"{progress.done:,} of {wording.count(progress.total, 'passage')} answered by the model"
        case "comparing":
            return f"comparing rows, step {progress.done + 1} of {progress.total}"
        case "writing":
            return f"{progress.done:,} of {wording.count(progress.total, 'row')} looked through for writing"
        case _:
            assert_never(progress.phase)
