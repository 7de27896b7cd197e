"""A dataset made by a recipe: its folder, what is written beside the rows, and what was begun and not ended.

`FOLDER/.unfinished` holds the parts of a run until it ends, so the same run goes on from there. What models
answered is kept in `FOLDER/.answers.sqlite3`, also for runs with other steps after that.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from workbench.datasets import extensions, report
from workbench.datasets.inputs import inputs_of
from workbench.datasets.model_file import context_of, digest_of
from workbench.datasets.recipe import Recipe, kinds_made
from workbench.datasets.report_page import report_page
from workbench.datasets.running.delivery import QUARANTINE
from workbench.datasets.running.outcome import Outcome
from workbench.datasets.running.plan import Place, Plan, Tell, plan
from workbench.datasets.running.quarantine import examples
from workbench.datasets.running.run import run
from workbench.errors import InvalidRequest
from workbench.openai_client.address import is_address, parse_address
from workbench.whole_file import write_whole

_LOCK, _UNFINISHED, _ANSWERS = "recipe.lock", ".unfinished", ".answers.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a user asks for.

    Attributes:
        formats: In place of those of the recipe, where there are any.
        model: The path of the model that the data is for, or that is asked; the latter may be an address.
        sample: Look at about so many rows, and write nothing.
        processes: None is one for each core.
        ray: The address of a Ray cluster that reads the input, or "local".
    """

    recipe: Recipe
    inputs: tuple[Path, ...]
    target: Path | None = None
    formats: tuple[str, ...] = ()
    model: Path | str | None = None
    sample: int = 0
    processes: int | None = None
    ray: str = ""

    @property
    def place(self) -> Place:
        return Place(self.processes, self.ray)


def make(order: Order, tell: Tell) -> tuple[Plan, Outcome]:
    """Run the recipe. Raises WorkbenchError.

    Without a target or with a sample nothing is written, and the outcome tells what would be.
    """
    formats = order.formats or order.recipe.formats
    extensions.formats_for(formats, kinds_made(order.recipe))
    writes = bool(formats) and order.target is not None and not order.sample
    if writes:
        _check_target(order)
    inputs = inputs_of(order.recipe, order.inputs)
    with ExitStack() as temporary:
        target = order.target
        if not writes or target is None:
            target = Path(temporary.enter_context(tempfile.TemporaryDirectory()))
        made = plan(
            order.recipe,
            inputs,
            formats if writes else (),
            str(order.model) if order.model else None,
            order.sample,
            digest_of(order.model) if order.model else "",
            context_of(order.model) if order.model else 0,
            str(target / _ANSWERS),
        )
        work = target / _UNFINISHED
        outcome = run(made, work, target, order.place, tell)
        if writes:
            _write_beside(made, outcome, target)
            shutil.rmtree(work)
    return made, outcome


def _check_target(order: Order) -> None:
    """Only a new folder, an empty one, or one that a recipe made is written to."""
    target = order.target
    assert target is not None
    if target.exists() and not target.is_dir():
        raise InvalidRequest(f"{target} is a file.", "Name a folder.")
    held = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if held and not held & {_LOCK, _UNFINISHED}:
        raise InvalidRequest(f"{target} holds other files.", "Name a new folder.")
    resolved = target.resolve()
    if any(path.resolve().is_relative_to(resolved) for path in order.inputs):
        raise InvalidRequest(f"{target} holds an input.", "Name another folder.")


def _write_beside(made: Plan, outcome: Outcome, target: Path) -> None:
    shown = report_page(made, outcome, examples(target / QUARANTINE))
    write_whole(target / "report" / "report.md", report.markdown(made, outcome).encode())
    write_whole(target / "report" / "report.html", shown.encode())
    write_whole(target / "report" / "report.json", _json(outcome))
    if outcome.rows_out:
        write_whole(target / "README.md", report.card(made.recipe, outcome).encode())
    write_whole(target / _LOCK, _json(_lock(made, outcome, target)))


def _lock(made: Plan, outcome: Outcome, target: Path) -> dict[str, Any]:
    """Everything that the bytes follow from, and the hashes of the files that came of it."""
    files = sorted(path for name in outcome.formats for path in (target / name).rglob("*") if path.is_file())
    return {
        "recipe": made.recipe,
        "formats": made.formats,
        "inputs": made.sources,
        "references": made.references,
        "model": _name(made.model or ""),
        "model_digest": made.model_digest,
        "models": made.models,
        "versions": made.versions,
        "steps": outcome.steps,
        "files": {str(path.relative_to(target)): _sha256(path) for path in files},
    }


def _name(model: str) -> str:
    """Without the folders that it lies in, or the servers, whose address may hold a password."""
    return parse_address(model).name if is_address(model) else Path(model).name


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic")) + b"\n"
