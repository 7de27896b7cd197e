"""A run as it is made: kept, compared with earlier ones, and repeated before anything is called slower.

One run proves little on a machine that does other things as well. So a run that looks slow, or fast, only
gives reason to measure again, from loading the model on, and the fresh runs alone decide. Knows no model.
"""

from __future__ import annotations

from collections.abc import Callable

from workbench.benchmark.history.judging import Judgement, Sides, sides
from workbench.benchmark.history.record import RunRecord
from workbench.benchmark.history.store import RunStore

REPEATS = 4
_SUSPICION = 0.1
"""How often a run of the same thing may be repeated without need."""

Again = Callable[[int, int], RunRecord]
"""Measures the same once more: the number of the repetition, and of how many."""


def watched(store: RunStore, run: RunRecord, again: Again) -> Judgement:
    """Keep the run and say what became of the speed since earlier ones; there may be none to compare with."""
    around = run.circumstances
    earlier = store.runs(model=around.model.key, machine=around.machine.key)
    store.keep(run)
    compared = sides(earlier, [run])
    judgement = compared.judged()
    if not compared.judged(_SUSPICION).changed:
        return judgement
    fresh = []
    for number in range(REPEATS):
        fresh.append(again(number + 1, REPEATS))
        store.keep(fresh[-1])
    return Sides(compared.before, tuple(fresh), compared.changes).judged()
