"""What is decided about all rows together, from the keys that the parts left."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from workbench.datasets.findings import Findings
from workbench.datasets.running.part_files import PartFiles, Summary, part_folder
from workbench.datasets.running.part_run import OWN_KEYS
from workbench.datasets.running.plan import Plan, Progress, Steps, Tell
from workbench.datasets.standing import KeyFiles, Standing


def own_keys(plan: Plan, folder: Path, summaries: Sequence[Summary]) -> KeyFiles:
    """Line, kind, turns, letters and language of each row."""
    return _keys(OWN_KEYS, plan, folder, summaries)


def judge(
    plan: Plan,
    steps: Steps,
    folder: Path,
    summaries: Sequence[Summary],
    findings: Findings,
    tell: Tell,
) -> Standing:
    """The standing of all rows."""
    sources = [part.source for part in plan.parts]
    files = np.repeat(
        np.array(sources, np.min_scalar_type(len(plan.sources))), [one.rows_out for one in summaries]
    )
    lines = own_keys(plan, folder, summaries).column("line")
    standing = Standing([source.path for source in plan.sources], files, lines)
    for done, (step, operation) in enumerate(steps.judging):
        tell(Progress("comparing", done, len(steps.judging)))
        with closing(_keys(step, plan, folder, summaries)) as keys:
            operation.judge(keys, standing, step, findings)
    return standing


def _keys(step: int, plan: Plan, folder: Path, summaries: Sequence[Summary]) -> KeyFiles:
    filled = [number for number, one in enumerate(summaries) if one.rows_out]
    parts = [PartFiles(part_folder(folder, number)).keys(step) for number in filled]
    return KeyFiles(parts, [summaries[number].rows_out for number in filled])
