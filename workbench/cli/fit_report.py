"""What `workbench fit` found, as a person or a program reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench import wording
from workbench.cli import output
from workbench.cli.fit_tables import plan_document, print_frontier, print_plan, row_document
from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.memory import DeviceMemory, MemoryEstimate
from workbench.planning.advice import sentence
from workbench.planning.budget import Budget, Verdict
from workbench.planning.flags import flags

if TYPE_CHECKING:
    from workbench.planning.changes import Change
    from workbench.planning.frontier import Row
    from workbench.planning.plan import Plan

_PARTS = ("weights", "context", "compute", "overhead", "total")
_OVERHEAD = (
    "Overhead is what no engine reports, such as a driver's own memory; it comes from a model of its own."
)


@dataclass(slots=True, kw_only=True)
class Report:
    """One model on one machine."""

    model: str
    header: Header
    settings: EngineSettings
    estimate: MemoryEstimate
    budget: Budget
    verdict: Verdict
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    plan: Plan | None
    layers: int
    rows: tuple[Row, ...] = ()


def show(report: Report) -> None:
    """The answer on standard output, what else there is to know on standard error."""
    output.line(_heading(report))
    output.line()
    _print_devices(report)
    output.line()
    output.line(sentence(report.verdict, helped=bool(report.changes)))
    for change in report.changes:
        tight = ", tight" if change.verdict.fit == "tight" else ""
        output.line(f"  {change.flags}  ({wording.size(change.estimate.total_bytes)} in all{tight})")
    if report.plan is not None:
        print_plan(report.plan)
    if report.rows:
        print_frontier(report.rows, has_gpus=bool(report.budget.devices))
    for note in (*report.notes, _OVERHEAD):
        output.note(note)


def _heading(report: Report) -> str:
    settings, header = report.settings, report.header
    kinds = {settings.kv_type_k, settings.kv_type_v}
    parts = [
        f"{header.architecture} {header.quantization}",
        f"{settings.context_length:,} tokens" + (f" x {settings.parallel}" if settings.parallel > 1 else ""),
        f"{'/'.join(sorted(kinds))} cache",
    ]
    chosen = flags(settings, EngineSettings(context_length=settings.context_length))
    return f"{report.model}: {', '.join(parts)}" + (f", {chosen}" if chosen else "")


def _print_devices(report: Report) -> None:
    estimate, spare = report.estimate, report.verdict.spare
    places = (*estimate.devices, estimate.host)
    left = (*spare.devices, spare.host)
    rows = [(part, *(_size(place, part) for place in places)) for part in _PARTS]
    rows.append(("free", *(wording.size(max(0, free)) for free in _free(report))))
    rows.append(("to spare", *(_signed(spared) for spared in left)))
    headings = (report.estimate.basis, *(device.name for device in estimate.devices), "main memory")
    output.table(headings, rows, right=range(1, len(headings)))


def _free(report: Report) -> tuple[int, ...]:
    known = (*report.budget.devices, *[0] * len(report.estimate.devices))
    return (*known[: len(report.estimate.devices)], report.budget.host)


def _size(place: DeviceMemory, part: str) -> str:
    return wording.size(getattr(place, f"{part}_bytes"))


def _signed(number_of_bytes: int) -> str:
    return wording.size(number_of_bytes) if number_of_bytes >= 0 else f"-{wording.size(-number_of_bytes)}"


def document(report: Report) -> dict[str, object]:
    estimate, spare = report.estimate, report.verdict.spare
    free = _free(report)
    devices = zip(estimate.devices, free, spare.devices, strict=False)
    made: dict[str, object] = {
        "model": report.model,
        "architecture": report.header.architecture,
        "quantization": report.header.quantization,
        "settings": report.settings.values(),
        "devices": [_place_document(*device) for device in devices],
        "host": _place_document(estimate.host, report.budget.host, spare.host),
        "basis": estimate.basis,
        "fits": report.verdict.possible,
        "verdict": report.verdict.fit,
        "unified": report.budget.unified,
        "paged_bytes": report.verdict.paged_bytes,
        "changes": [_change_document(change) for change in report.changes],
        "notes": list(report.notes),
    }
    if report.plan is not None:
        made["plan"] = plan_document(report.plan)
    if report.rows:
        made["frontier"] = [row_document(row) for row in report.rows]
    return made


def _place_document(place: DeviceMemory, free: int, spare: int) -> dict[str, object]:
    return {
        "name": place.name,
        "weights_bytes": place.weights_bytes,
        "context_bytes": place.context_bytes,
        "compute_bytes": place.compute_bytes,
        "overhead_bytes": place.overhead_bytes,
        "total_bytes": place.total_bytes,
        "mapped_bytes": place.mapped_bytes,
        "free_bytes": free,
        "spare_bytes": spare,
    }


def _change_document(change: Change) -> dict[str, object]:
    return {
        "flags": change.flags,
        "verdict": change.verdict.fit,
        "basis": change.estimate.basis,
        "total_bytes": change.estimate.total_bytes,
    }
