"""A plan and a frontier as a person or a program reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench import wording
from workbench.cli import output
from workbench.planning.aim import MEANING
from workbench.planning.flags import flags

if TYPE_CHECKING:
    from workbench.planning.frontier import Cell, Row
    from workbench.planning.levers import Lever
    from workbench.planning.plan import Plan
    from workbench.planning.search import Candidate

_CELLS = {"fits": "yes", "tight": "tight", "divided": "part", "no": "-"}
_WITH_GPUS = "yes: all on the GPU; part: layers or experts in main memory; -: it does not fit."


def print_plan(plan: Plan) -> None:
    output.line()
    output.line(f"Plan for {plan.aim}: {MEANING[plan.aim]}.")
    output.line(f"  {flags(plan.settings) or 'the defaults'}")
    for remark in plan.remarks:
        output.line(f"  {remark}")
    output.line()
    tried = [_tried(candidate, candidate.settings == plan.settings) for candidate in plan.tried]
    output.table(("", "tried", "GPUs", "main memory", ""), tried, right=(2, 3))
    output.line()
    output.table(
        ("from there", "GPUs", "main memory"),
        [(lever.change, _change(lever.gpu_bytes), _change(lever.host_bytes)) for lever in plan.levers],
        right=(1, 2),
    )
    checks = wording.count(plan.dry_runs, "dry run")
    output.note(f"Searched by the formula, checked with {checks}.")


def print_frontier(rows: Sequence[Row], *, has_gpus: bool) -> None:
    output.line()
    contexts = [cell.context for cell in rows[0].cells]
    longest = ("all on GPU up to", "with RAM up to") if has_gpus else ("up to",)
    headings = ("quant", "cache", *(wording.context(context) for context in contexts), *longest)
    table = [
        (row.label, row.kv_type, *(_CELLS[cell.place] for cell in row.cells), *_longest(row, has_gpus))
        for row in rows
    ]
    output.table(headings, table, right=range(2, len(headings)))
    if has_gpus:
        output.note(_WITH_GPUS)


def _longest(row: Row, has_gpus: bool) -> tuple[str, ...]:
    whole = f"{row.whole:,}" if row.whole else "-"
    divided = f"{row.divided:,}" if row.divided else ""
    return (whole, divided) if has_gpus else (whole,)


def _tried(candidate: Candidate, chosen: bool) -> tuple[str, ...]:
    on_gpus = sum(device.total_bytes for device in candidate.estimate.devices)
    missing = sum(missing for _, missing in candidate.verdict.short)
    fit = f"{wording.size(missing)} short" if missing else candidate.verdict.fit
    return (
        ">" if chosen else "",
        flags(candidate.settings),
        wording.size(on_gpus) if candidate.estimate.devices else "",
        wording.size(candidate.estimate.host.total_bytes),
        fit,
    )


def _change(number_of_bytes: int) -> str:
    if number_of_bytes == 0:
        return ""
    sign = "+" if number_of_bytes > 0 else "-"
    return f"{sign}{wording.size(abs(number_of_bytes))}"


def plan_document(plan: Plan) -> dict[str, object]:
    return {
        "aim": plan.aim,
        "flags": flags(plan.settings),
        "settings": plan.settings.values(),
        "verdict": plan.verdict.fit,
        "remarks": list(plan.remarks),
        "dry_runs": plan.dry_runs,
        "tried": [_candidate_document(candidate) for candidate in plan.tried],
        "levers": [_lever_document(lever) for lever in plan.levers],
    }


def _candidate_document(candidate: Candidate) -> dict[str, object]:
    return {
        "flags": flags(candidate.settings),
        "verdict": candidate.verdict.fit,
        "basis": candidate.estimate.basis,
        "devices": {device.name: device.total_bytes for device in candidate.estimate.devices},
        "host_bytes": candidate.estimate.host.total_bytes,
    }


def _lever_document(lever: Lever) -> dict[str, object]:
    return {"flags": lever.change, "gpu_bytes": lever.gpu_bytes, "host_bytes": lever.host_bytes}


def row_document(row: Row) -> dict[str, object]:
    return {
        "quantization": row.label,
        "kv_type": row.kv_type,
        "contexts": [_cell_document(cell) for cell in row.cells],
        "longest_on_gpu": row.whole,
        "longest": row.divided or row.whole,
    }


def _cell_document(cell: Cell) -> dict[str, object]:
    return {"context": cell.context, "place": cell.place, "total_bytes": cell.total_bytes}
