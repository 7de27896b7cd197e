"""`workbench rm`: remove a model from this machine, after saying what that frees and who else has it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.options import json_option
from workbench.models.removal import RemovalPlan, plan_removal, remove


@click.command()
@click.argument("model")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--everywhere", is_flag=True, help="Remove it from all the stores that hold it.")
@json_option
def rm(*, model: str, yes: bool, dry_run: bool, everywhere: bool, as_json: bool) -> None:
    """Remove MODEL from the store that has it under this name.

    It says first what that frees and who else has the model, and asks. Where nobody can answer it needs
    --yes. Interrupted downloads are removed by the name that `workbench models` gives them.
    """
    plan = plan_removal(model, everywhere=everywhere)
    _explain(plan, output.line if dry_run and not as_json else output.note)
    removed = not dry_run and _is_wanted(yes)
    if removed:
        remove(plan)
    if as_json:
        output.document(_document(plan, removed))
    elif removed:
        output.line(f"Removed {output.on_one_line(plan.name)}: {wording.size(plan.freed_bytes)} freed.")


def _is_wanted(yes: bool) -> bool:
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(
            "Nobody can be asked here; --yes removes it, --dry-run only says what would go."
        )
    return click.confirm("Remove it?", err=True)


def _explain(plan: RemovalPlan, tell: Callable[[str], None]) -> None:
    stores = " and ".join(plan.stores)
    size = wording.size(plan.freed_bytes)
    tell(output.on_one_line(f"Removing {plan.name} from {stores} frees {size}:"))
    for path in plan.files:
        tell(f"  {output.on_one_line(str(path))}")
    for note in plan.notes:
        tell(output.on_one_line(note))


def _document(plan: RemovalPlan, removed: bool) -> dict[str, object]:
    return {
        "name": plan.name,
        "stores": list(plan.stores),
        "freed_bytes": plan.freed_bytes,
        "files": [str(path) for path in plan.files],
        "notes": list(plan.notes),
        "removed": removed,
    }
