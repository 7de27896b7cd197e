"""What became of speeds, in sentences, in cells of a table and as JSON. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from workbench import wording
from workbench.benchmark.history.comparing import FALSE_ALARMS
from workbench.benchmark.history.judging import Judgement, Verdict


def judgement_lines(judgement: Judgement) -> Iterator[str]:
    """What was updated, what is slower or faster, and what cannot be told; nothing where nothing is known."""
    updated = "; ".join(map(str, judgement.changes))
    if updated:
        yield f"Updated: {updated}."
    yield from map(_sentence, judgement.changed)
    if judgement.verdicts and not judgement.changed:
        noise = max(one.comparison.margin for one in judgement.verdicts)
        runs = max(one.comparison.runs_before for one in judgement.verdicts)
        yield f"As fast as in {wording.count(runs, 'earlier run')}; up to {noise:.0%} could be noise."
    if judgement.unclear:
        tests = ", ".join(test.title for test in judgement.unclear)
        yield f"Nothing can be said of {tests}: other programs took the machine's time, now or then."


def verdict_cells(judgement: Judgement) -> Iterator[tuple[str, ...]]:
    """Test, speed before, speed now, change, and what could be noise."""
    for one in judgement.verdicts:
        found = one.comparison
        speeds = (wording.speed(found.before), wording.speed(found.now))
        yield (one.test.title, *speeds, f"{found.change:+.1%}", f"± {found.margin:.1%}")
    for test in judgement.unclear:
        yield (test.title, "", "", "unclear", "")


def judgement_document(judgement: Judgement) -> dict[str, Any]:
    """Speeds in tokens per second; change and margin as shares of the speed before."""
    return {
        "false_alarms": FALSE_ALARMS,
        "changes": [asdict(change) for change in judgement.changes],
        "verdicts": [
            {**asdict(one.test), **asdict(one.comparison), "outcome": one.comparison.outcome}
            for one in judgement.verdicts
        ],
        "unclear": [asdict(test) for test in judgement.unclear],
    }


def _sentence(verdict: Verdict) -> str:
    found = verdict.comparison
    runs = wording.count(found.runs_before, "earlier run")
    return (
        f"{verdict.test.title} is {abs(found.change):.0%} {found.outcome} than in {runs}: "
        f"{wording.speed(found.now)} tokens/s after {wording.speed(found.before)}; "
        f"up to {found.margin:.0%} could be noise."
    )
