"""What `workbench bench` has to do with earlier runs: keep its own, compare it, and repeat what looks other.

Knows nothing of tests or of tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workbench.benchmark.history import RunRecord, RunStore, recorded
from workbench.benchmark.history.judging import Judgement
from workbench.benchmark.history.watching import watched
from workbench.benchmark.history.words import judgement_lines
from workbench.circumstances import circumstances
from workbench.cli import output
from workbench.models import LocalModel

Document = Mapping[str, Any]
"""What `workbench bench --json` prints of one model."""


def judged(
    model: LocalModel, backend: str | None, measured: Document, again: Callable[[], Document]
) -> Judgement:
    """Keep what was measured and compare it with earlier runs; `again` loads the model and measures anew."""
    around = circumstances(model, backend)

    def repeated(number: int, count: int) -> RunRecord:
        if number == 1:
            output.note(f"Other than before, it seems. Measuring {count} times more, to be sure.")
        return recorded(again(), around)

    with RunStore() as store:
        return watched(store, recorded(measured, around), repeated)


def tell(judgement: Judgement, aside: bool) -> None:
    """Changes beside the results, unless `aside`; the rest as narration."""
    for line in judgement_lines(judgement):
        if judgement.changed and not aside:
            output.line(line)
        else:
            output.note(line)
