"""What `workbench fit` finds out: the estimate with its verdict, what would help, and the frontier.

What is seldom asked for is imported when it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import wording
from workbench.cli.fit_report import Report
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.memory import MemoryEstimate
from workbench.models.header_of_name import Named, named_header, siblings
from workbench.planning.aim import Aim
from workbench.planning.budget import Verdict, fits
from workbench.planning.checks import check
from workbench.planning.estimates import NO_ESTIMATOR, Estimates
from workbench.planning.places import Places, Seen
from workbench.ports import Estimator

if TYPE_CHECKING:
    from workbench.planning.changes import Change
    from workbench.planning.frontier import Row
    from workbench.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Question:
    """What a person wants to know of a model; `free` are the settings that a plan may choose."""

    model: str
    places: Places | Seen
    settings: EngineSettings
    projector: Path | None
    aim: Aim | None
    wants_frontier: bool
    free: frozenset[str]


def report_of(asked: Question, estimator: Estimator | None) -> Report:
    """Raises WorkbenchError for a model, a card or settings that cannot be."""
    found, settings = named_header(asked.model), asked.settings
    estimates = Estimates(
        found.header,
        asked.places,
        estimator,
        draft=named_header(settings.draft).header if settings.draft else None,
        projector=asked.projector,
        asked=settings,
    )
    check(settings, estimates.shape, estimates.places)
    planned = _planned(estimates, settings, asked.aim, asked.free) if asked.aim else None
    report = _reported(found, estimates, planned.settings if planned else settings, planned, asked.projector)
    report.rows = _frontier_of(found, estimates, settings, asked.free) if asked.wants_frontier else ()
    return report


def _planned(estimates: Estimates, settings: EngineSettings, aim: Aim, free: frozenset[str]) -> Plan:
    from workbench.planning.plan import plan

    return plan(estimates, settings, aim, free)


def _reported(
    found: Named,
    estimates: Estimates,
    settings: EngineSettings,
    planned: Plan | None,
    projector: Path | None,
) -> Report:
    """The answer for these settings, by the engine's own word where it has one."""
    settings = estimates.spelled(settings)
    estimate = estimates.ask(settings)
    verdict = fits(estimate, estimates.places.budget)
    return Report(
        model=found.name,
        header=found.header,
        settings=settings,
        estimate=estimate,
        budget=estimates.places.budget,
        verdict=verdict,
        changes=_changes(estimates, settings, verdict),
        notes=(*estimate.notes, *estimates.places.notes, *_notes(found, estimate, settings, projector)),
        plan=planned,
        layers=estimates.shape.layers + 1,
    )


def _notes(
    found: Named, estimate: MemoryEstimate, settings: EngineSettings, projector: Path | None
) -> Iterator[str]:
    if estimate.basis == "formula":
        yield NO_ESTIMATOR
    trained, length = found.header.context_length, settings.context_length
    if trained and length and length > trained:
        yield f"A context of {length:,} tokens is longer than the {trained:,} the model was trained for."
    offered = found.variant.projector if found.variant else None
    if offered and not projector:
        yield f"Its projector, {offered.name} ({wording.size(offered.size_bytes)}), is not counted."


def _changes(estimates: Estimates, settings: EngineSettings, verdict: Verdict) -> tuple[Change, ...]:
    if verdict.possible:
        return ()
    from workbench.planning.changes import cheapest_changes

    return cheapest_changes(estimates, settings)


def _frontier_of(
    found: Named, estimates: Estimates, settings: EngineSettings, free: frozenset[str]
) -> tuple[Row, ...]:
    """A row for each quantization that the model comes in, and each kind of cache that is open."""
    from workbench.planning.frontier import KV_TYPES, frontier

    status = StatusLine()
    status.show(f"reading the headers of {found.name}")
    try:
        models = siblings(found)
    finally:
        status.clear()
    if not models:
        raise InvalidRequest(
            f"{found.name} comes in no quantization that can be looked into.", "Name another."
        )
    rows = [(_label(one), Estimates(one.header, estimates.places)) for one in models]
    kinds = KV_TYPES if "kv_type_k" in free else (settings.kv_type_k,)
    return frontier(estimates, rows, settings, kinds, free)


def _label(model: Named) -> str:
    return model.variant.label if model.variant else model.header.quantization
