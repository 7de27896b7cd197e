"""Which runs are meant: a model's, a machine's or a file's, and the pairs of them that can be compared.

Knows nothing of how they are shown.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from workbench.benchmark.history.epochs import epochs
from workbench.benchmark.history.exchange import read_runs
from workbench.benchmark.history.judging import Judgement, Sides
from workbench.benchmark.history.record import RunRecord
from workbench.circumstances import model_identity
from workbench.errors import InvalidRequest, ModelNotFound, WorkbenchError
from workbench.models import locate

Key = Callable[[RunRecord], str]


@dataclass(frozen=True, slots=True)
class Matter:
    """What is compared: a model on a machine under some settings, and what is said of its tests."""

    about: str
    judgement: Judgement


def series(runs: Sequence[RunRecord]) -> list[list[RunRecord]]:
    """Runs whose speeds can be compared, together and the oldest first: one model, machine and setup."""
    groups: dict[tuple[str, str, str], list[RunRecord]] = defaultdict(list)
    for run in runs:
        groups[_model(run), _machine(run), run.setup].append(run)
    return list(groups.values())


def runs_of(runs: Sequence[RunRecord], model: str) -> list[RunRecord]:
    """Those of a model by the name it had, or by the one that it has here. Raises ModelNotFound."""
    named = [run for run in runs if run.circumstances.model.name == model]
    if named:
        keys = {_model(run) for run in named}
    else:
        try:
            keys = {model_identity(locate(model)).key}
        except WorkbenchError:
            raise _unknown(model, [run.circumstances.model.name for run in runs]) from None
    found = [run for run in runs if _model(run) in keys]
    if not found:
        raise ModelNotFound(f"{model} was never measured.", f"`workbench bench {model}` measures it.")
    return found


def compared(runs: Sequence[RunRecord], one: str, other: str) -> list[Matter]:
    """Speeds of `other` against those of `one`, for all that both have. Raises InvalidRequest without any."""
    (first, kind), (second, kind_of_other) = _side(runs, one), _side(runs, other)
    if (kind == "model") != (kind_of_other == "model"):
        raise InvalidRequest(
            f"{one} is a {kind}, {other} is a {kind_of_other}.", "Compare machines or models with each other."
        )
    key = _machine if kind == "model" else _model
    left, right = _latest(first, key), _latest(second, key)
    common = [pair for pair in left if pair in right]
    every = (Matter(_about(left[pair][0], kind), Sides(left[pair], right[pair]).judged()) for pair in common)
    found = [matter for matter in every if matter.judgement.verdicts or matter.judgement.unclear]
    if not found:
        raise InvalidRequest(
            f"{one} and {other} have no test in common.",
            "Measure both with the same options of `workbench bench`.",
        )
    return found


def _side(runs: Sequence[RunRecord], name: str) -> tuple[list[RunRecord], str]:
    """The runs that one side of a comparison means, and whether it is a file, a machine or a model."""
    if name.endswith(".json") and Path(name).is_file():
        return read_runs(Path(name)), "file"
    of_machine = [run for run in runs if name in (run.circumstances.machine.name, _machine(run))]
    machines = dict.fromkeys(map(_machine, of_machine))
    if len(machines) > 1:
        raise InvalidRequest(f"Several machines are called {name}.", f"Give one's id: {', '.join(machines)}.")
    if of_machine:
        return of_machine, "machine"
    of_model = runs_of(runs, name)
    return [run for run in of_model if _model(run) == _model(of_model[-1])], "model"


def _latest(runs: Sequence[RunRecord], key: Key) -> dict[tuple[str, str], tuple[RunRecord, ...]]:
    """By model or machine, and by setup: the runs since anything was updated."""
    ordered = sorted(runs, key=lambda run: (key(run), run.setup, run.taken))
    groups = groupby(ordered, key=lambda run: (key(run), run.setup))
    return {pair: epochs(list(group))[-1].runs for pair, group in groups}


def _about(run: RunRecord, kind: str) -> str:
    around = run.circumstances
    subject = around.machine.name if kind == "model" else around.model.name
    return f"{subject}, {run.setup}" if run.setup else subject


def _unknown(model: str, known: Sequence[str]) -> ModelNotFound:
    near = difflib.get_close_matches(model, dict.fromkeys(known), n=3, cutoff=0.5)
    listing = "`workbench history` lists what was measured."
    remedy = f"Did you mean {' or '.join(near)}? {listing}" if near else listing
    return ModelNotFound(f"Nothing named {model!r} was measured.", remedy)


def _model(run: RunRecord) -> str:
    return run.circumstances.model.key


def _machine(run: RunRecord) -> str:
    return run.circumstances.machine.key
