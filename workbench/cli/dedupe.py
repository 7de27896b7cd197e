"""`workbench dedupe`: let copies of the same model share their bytes on the disk."""

from __future__ import annotations

from collections.abc import Callable

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.options import json_option
from workbench.cli.terminal import StatusLine
from workbench.models import local_models
from workbench.models.dedupe import Outcome, share
from workbench.models.duplicates import Duplicate, duplicates

_HARD_LINKED = "Hard-linked files share their bytes: what is written to one of them is in all."
_MAY_BE = f"Where the file system has no reflinks they become hard links. {_HARD_LINKED}"


@click.command()
@click.option("--apply", is_flag=True, help="Do it; without this it only says what would be saved.")
@click.option("--reflink-only", is_flag=True, help="Leave copies alone where only a hard link is possible.")
@json_option
def dedupe(*, apply: bool, reflink_only: bool, as_json: bool) -> None:
    """Find model files that are on the disk more than once, and with --apply let them share their bytes.

    Files are compared to the last byte. Where the file system can, the copy becomes a reflink, which stays a
    file of its own; elsewhere a hard link, which is the same file under another name: what is written to one
    name is in all of them. Names, folders and programs' stores stay as they are.
    """
    status = StatusLine()
    try:
        found = list(duplicates(local_models(), None if apply else _advance(status, "compared")))
        outcomes = [_outcome(each, apply, reflink_only, status) for each in found]
    finally:
        status.clear()
    if as_json:
        output.document([_document(*pair, apply) for pair in zip(found, outcomes, strict=True)])
    else:
        _print(found, outcomes, apply)


def _advance(status: StatusLine, what: str) -> Callable[[int], None]:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        status.show(f"{wording.size(done)} {what}")

    return advance


def _outcome(duplicate: Duplicate, apply: bool, reflink_only: bool, status: StatusLine) -> Outcome:
    if apply:
        return share(duplicate, _advance(status, "compared"), only_reflink=reflink_only)
    return Outcome("", duplicate.saves_bytes, duplicate.obstacle)


def _print(found: list[Duplicate], outcomes: list[Outcome], apply: bool) -> None:
    if not found:
        output.line("No model file is on the disk more than once.")
        return
    output.table(
        ("saves", "copy", "same as", "done" if apply else "obstacle"),
        [
            (
                wording.size(done.freed_bytes),
                str(each.copy.path),
                str(each.keep.path),
                done.way or done.reason,
            )
            for each, done in zip(found, outcomes, strict=True)
        ],
        right=(0,),
    )
    total = wording.size(sum(outcome.freed_bytes for outcome in outcomes))
    output.note(f"{total} freed." if apply else f"{total} would be freed; --apply does it.")
    if not apply:
        output.note(_MAY_BE)
    elif any(outcome.way == "hard link" for outcome in outcomes):
        output.note(_HARD_LINKED)


def _document(duplicate: Duplicate, outcome: Outcome, applied: bool) -> dict[str, object]:
    return {
        "keep": [str(path) for path in duplicate.keep.names],
        "copy": [str(path) for path in duplicate.copy.names],
        "size_bytes": duplicate.copy.size,
        "saves_bytes": outcome.freed_bytes,
        "applied": applied and bool(outcome.way),
        "way": outcome.way or None,
        "reason": outcome.reason,
    }
