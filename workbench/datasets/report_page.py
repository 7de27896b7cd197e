"""What came of a run, as a page with pictures. All numbers are counted; what rows say is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workbench import wording
from workbench.datasets.findings import Finding
from workbench.datasets.lengths import Histogram
from workbench.datasets.report import balance
from workbench.datasets.running.outcome import Outcome
from workbench.datasets.running.plan import Plan
from workbench.picture import Bar, BarChart, bar_svg, page

_EXAMPLES = 3


def report_page(plan: Plan, outcome: Outcome, quarantined: Mapping[str, Sequence[str]]) -> str:
    """`quarantined` holds for rules the lines of some rows that were set aside by them."""
    return page.page(plan.recipe.name, *_parts(plan, outcome, quarantined))


def _parts(plan: Plan, outcome: Outcome, quarantined: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield page.paragraph(f"{plan.recipe.summary} {balance(outcome)}")
    if plan.sample:
        yield page.paragraph(f"Only a sample of about {wording.count(plan.sample, 'row')} was looked at.")
    yield page.table(("file", "size"), [(one.path, wording.size(one.size_bytes)) for one in plan.sources])
    yield page.heading("From step to step")
    yield bar_svg(BarChart("rows", tuple(_steps(outcome)), ("go on", "set aside")))
    yield from _splits(outcome)
    yield from _lengths(plan, outcome)
    yield from _copies(outcome)
    yield from _balance(outcome)
    yield from _set_aside(outcome, quarantined)
    yield from _told(outcome)


def _steps(outcome: Outcome) -> Iterator[Bar]:
    there = outcome.rows_in + outcome.rows_added
    for name, rows in outcome.steps:
        there -= rows
        yield Bar(name, (there, rows), f"{there:,} (−{rows:,})" if rows else f"{there:,}")


def _splits(outcome: Outcome) -> Iterator[str]:
    if outcome.formats:
        yield page.table(
            ("format", *outcome.splits),
            [
                (name, *(f"{splits.get(split, 0):,}" for split in outcome.splits))
                for name, splits in outcome.formats.items()
            ],
        )
    elif outcome.splits:
        yield bar_svg(BarChart("rows by split", tuple(_bars(outcome.splits))))


def _lengths(plan: Plan, outcome: Outcome) -> Iterator[str]:
    lengths = outcome.lengths
    if not lengths.characters:
        return
    yield page.heading("Lengths")
    if lengths.histogram_of_tokens:
        context = plan.context
        title = f"rows by tokens, against a context of {context:,}" if context else "rows by tokens"
        bars = list(_below(lengths.histogram_of_tokens, context))
        if left_out := outcome.rejected.get("too-long"):
            bars.append(Bar("set aside as too long", (0, left_out), f"{left_out:,}"))
        yield bar_svg(BarChart(title, tuple(bars), ("fit", "may not fit") if context else ()))
    yield bar_svg(BarChart("rows by characters", tuple(_below(lengths.histogram))))
    yield bar_svg(BarChart("rows by turns", tuple(_below(lengths.histogram_of_turns))))
    percentiles = {"tokens": lengths.tokens, "characters": lengths.characters, "turns": lengths.turns}
    yield page.table(
        ("", *lengths.characters),
        [(name, *(f"{one:,}" for one in found.values())) for name, found in percentiles.items() if found],
    )


def _below(histogram: Histogram, context: int = 0) -> Iterator[Bar]:
    """A bar for each power of two; those that reach beyond the context have the colour of the second part."""
    for edge, rows in histogram:
        least, most = edge // 2, edge - 1
        name = f"{least:,} to {most:,}" if most > least else f"{most:,}"
        parts = (0, rows) if context and most > context else (rows,)
        yield Bar(name, parts, f"{rows:,}")


def _copies(outcome: Outcome) -> Iterator[str]:
    copies = outcome.copies
    if not copies.rows:
        return
    yield page.heading("Duplicates")
    yield page.paragraph(f"{wording.count(copies.rows, 'row')} went because another one says the same.")
    yield bar_svg(BarChart("rows by how many copies they had", tuple(_below(copies.groups))))
    yield page.table(("row", "copies"), [(str(origin), f"{rows:,}") for origin, rows in copies.largest])


def _balance(outcome: Outcome) -> Iterator[str]:
    found = outcome.balance
    charts = {
        "rows by kind": outcome.kinds if len(outcome.kinds) > 1 else {},
        "rows by language": outcome.languages,
        "messages by role": found.roles,
        "rows by label": found.labels,
        "characters of answers": {"chosen": found.chosen, "rejected": found.rejected} if found.pairs else {},
        "rows with tools and images": _extras(outcome),
    }
    if any(charts.values()):
        yield page.heading("Balance")
    for title, counts in charts.items():
        if counts:
            yield bar_svg(BarChart(title, tuple(_bars(counts))))
    if found.pairs:
        yield page.paragraph(
            f"Of {wording.count(found.pairs, 'pair')} the chosen answer is the longer one in"
            f" {found.longer_chosen:,} ({found.longer_chosen / found.pairs:.0%})."
        )


def _extras(outcome: Outcome) -> dict[str, int]:
    found = outcome.balance
    if not (found.with_tools or found.calls or found.with_images):
        return {}
    return {"all rows": outcome.rows_out, "offer tools": found.with_tools, "name images": found.with_images}


def _set_aside(outcome: Outcome, quarantined: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if not outcome.rejected:
        return
    yield page.heading("Set aside")
    by_count = sorted(outcome.rejected.items(), key=lambda one: -one[1])
    yield bar_svg(BarChart("rows by reason", tuple(_bars(dict(by_count)))))
    findings = {finding.rule: finding for finding in outcome.findings}
    for rule, rows in by_count:
        told = page.listed(_sentences(findings[rule])) if rule in findings else ""
        lines = [page.verbatim(line) for line in quarantined.get(rule, ())]
        yield page.folded(f"{rule}: {wording.count(rows, 'row')}", told, *lines)


def _told(outcome: Outcome) -> Iterator[str]:
    others = [one for one in outcome.findings if one.rule not in outcome.rejected]
    if others:
        yield page.heading("What else was found")
    for finding in others:
        summary = f"{finding.rule} ({finding.severity}): {wording.count(finding.count, 'row')}"
        yield page.folded(summary, page.listed(_sentences(finding)))


def _sentences(finding: Finding) -> Iterable[str]:
    yield from (f"{one.origin}: {one.message}" for one in finding.examples[:_EXAMPLES])
    if finding.remedy:
        yield finding.remedy


def _bars(counts: Mapping[str, int]) -> Iterator[Bar]:
    return (Bar(name, (rows,), f"{rows:,}") for name, rows in counts.items())
