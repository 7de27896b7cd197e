"""A model measured for the benchmark screen, kept in the history, and compared with earlier runs.

Does what `workbench bench` does, except that what looks slower is not measured again. Shows nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from workbench.benchmark import Run, Workload, run
from workbench.benchmark.document import run_document
from workbench.benchmark.history import RunRecord, RunStore, recorded
from workbench.benchmark.history.judging import Judgement, sides
from workbench.benchmark.workload import with_room
from workbench.circumstances import circumstances
from workbench.engine_settings import EngineSettings
from workbench.models import LocalModel, model_named
from workbench.tui.surroundings import OpenModel


@dataclass(frozen=True, slots=True)
class Benched:
    """A run, what is said of it beside earlier ones, and those, the newest last."""

    run: Run
    judgement: Judgement
    earlier: tuple[RunRecord, ...]


async def benched(
    name: str, workload: Workload, open_model: OpenModel, show: Callable[[str], None]
) -> Benched:
    """Raises as loading a model of that name does."""
    show("loading")
    model = await asyncio.to_thread(model_named, name)
    settings = with_room(EngineSettings(), workload)
    provider = await open_model(
        model.location, settings, progress=lambda share: show(f"loading, {share:.0%}")
    )
    try:
        found = await run(
            provider, workload, model=model.name, path=model.location, settings=settings, progress=show
        )
    finally:
        await provider.close()
    return await asyncio.to_thread(_kept, model, found)


def _kept(model: LocalModel, found: Run) -> Benched:
    record = recorded(run_document(found), circumstances(model, found.backend or None))
    around = record.circumstances
    with RunStore() as store:
        every = store.runs(model=around.model.key, machine=around.machine.key)
        store.keep(record)
    earlier = tuple(one for one in every if one.setup == record.setup)
    return Benched(found, sides(every, [record]).judged(), (*earlier, record))
