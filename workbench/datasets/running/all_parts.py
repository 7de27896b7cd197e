"""All parts of a run, those that are not done yet: here, spread over processes, or over machines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from workbench.datasets.operation import Operation
from workbench.datasets.running import part_run
from workbench.datasets.running.on_ray import parts_on_ray
from workbench.datasets.running.part_files import PartFiles, Summary, part_folder
from workbench.datasets.running.part_run import PartRun
from workbench.datasets.running.plan import Place, Plan, Progress, Tell
from workbench.errors import WorkbenchError


def run_parts(
    plan: Plan, folder: Path, operations: Sequence[Operation], place: Place, tell: Tell
) -> list[Summary]:
    """The summaries of all parts, in their order."""
    found = [PartFiles(part_folder(folder, number)).summary() for number in range(len(plan.parts))]
    missing = [number for number, summary in enumerate(found) if summary is None]
    done = plan.total_bytes - sum(_size(plan, number) for number in missing)
    tell(Progress("reading", done, plan.total_bytes))
    for number, summary in _done(plan, folder, operations, missing, place):
        found[number] = summary
        done += _size(plan, number)
        tell(Progress("reading", done, plan.total_bytes))
    return [summary for summary in found if summary is not None]


def _done(
    plan: Plan, folder: Path, operations: Sequence[Operation], missing: list[int], place: Place
) -> Iterator[tuple[int, Summary]]:
    if place.ray:
        if missing:
            yield from parts_on_ray(plan, folder, missing, place.ray)
        return
    workers = min(place.processes or os.cpu_count() or 1, len(missing))
    if workers <= 1:
        here = PartRun(plan, folder, operations)
        yield from ((number, here.run(number)) for number in missing)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), part_run.begin, (plan, str(folder)))
    try:
        for future in as_completed([pool.submit(part_run.run_part, number) for number in missing]):
            yield future.result()
    except BrokenProcessPool as error:
        raise WorkbenchError(
            "A process that read the input ended unexpectedly.",
            "The same command goes on from here; --processes 1 takes less memory.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _size(plan: Plan, number: int) -> int:
    part = plan.parts[number]
    return part.end - part.start
