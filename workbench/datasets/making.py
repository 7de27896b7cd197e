"""A dataset made by a recipe: its folder, what is written beside the rows, and what was begun and not ended.

`FOLDER/.unfinished` holds the parts of a run until it ends, so the same run goes on from there.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import xxhash

from workbench.datasets import extensions, report
from workbench.datasets.recipe import Recipe
from workbench.datasets.report_page import report_page
from workbench.datasets.running.delivery import QUARANTINE
from workbench.datasets.running.outcome import Outcome
from workbench.datasets.running.plan import Plan, Tell, plan
from workbench.datasets.running.quarantine import examples
from workbench.datasets.running.run import run
from workbench.errors import InvalidRequest, WorkbenchError
from workbench.gguf import read_model
from workbench.paths import history_file
from workbench.whole_file import write_whole

_LOCK, _UNFINISHED = "recipe.lock", ".unfinished"
_HEADER_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a user asks for.

    Attributes:
        formats: In place of those of the recipe, where there are any.
        model: The path of the model that the data is for.
        sample: Look at about so many rows, and write nothing.
        processes: None is one for each core.
    """

    recipe: Recipe
    inputs: tuple[Path, ...]
    target: Path | None = None
    formats: tuple[str, ...] = ()
    model: Path | None = None
    sample: int = 0
    processes: int | None = None


def make(order: Order, tell: Tell) -> tuple[Plan, Outcome]:
    """Run the recipe. Raises WorkbenchError.

    Without a target or with a sample nothing is written, and the outcome tells what would be.
    """
    formats = order.formats or order.recipe.formats
    extensions.formats_for(formats, order.recipe.kinds)
    writes = bool(formats) and order.target is not None and not order.sample
    if writes:
        _check_target(order)
    made = plan(
        order.recipe,
        _inputs(order.inputs or _own(order.recipe)),
        formats if writes else (),
        str(order.model) if order.model else None,
        order.sample,
        _digest(order.model),
        _context(order.model),
    )
    if not writes or order.target is None:
        with tempfile.TemporaryDirectory() as folder:
            return made, run(made, Path(folder) / "work", Path(folder) / "out", order.processes, tell)
    work = order.target / _UNFINISHED
    outcome = run(made, work, order.target, order.processes, tell)
    _write_beside(made, outcome, order.target)
    shutil.rmtree(work)
    return made, outcome


def _own(recipe: Recipe) -> tuple[Path, ...]:
    """What the recipe reads by itself."""
    if not recipe.source:
        raise InvalidRequest(f"{recipe.name} needs rows.", "Name a file or a folder with --in.")
    if not history_file().exists():
        raise InvalidRequest("There are no conversations yet.", "`workbench chat` has them.")
    return (history_file(),)


def _inputs(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, and of folders those of rows in them, by name."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(one for one in path.rglob("*") if _is_rows(one)) if path.is_dir() else [path]
        if not inside:
            raise InvalidRequest(f"{path} holds no files of rows.", "Give JSONL, JSON, CSV, TSV or Parquet.")
        found += inside
    if len(set(found)) != len(found):
        raise InvalidRequest("One input is named twice.", "Name each file once.")
    return found


def _is_rows(path: Path) -> bool:
    suffix = Path(path.name.removesuffix(".gz")).suffix
    return suffix in (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet") and path.is_file()


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


def _digest(model: Path | None) -> str:
    """Of a model's beginning, where its template and vocabulary are, and its size."""
    if model is None:
        return ""
    try:
        with open(model, "rb") as file:
            head = file.read(_HEADER_BYTES)
        return f"{xxhash.xxh3_128_hexdigest(head)}-{model.stat().st_size}"
    except OSError as error:
        raise WorkbenchError(f"{model} cannot be read: {error.strerror}.", "Check the path.") from error


def _context(model: Path | None) -> int:
    """What its header says, of a GGUF file."""
    with suppress(WorkbenchError):
        return (read_model(model).context_length or 0) if model else 0
    return 0


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
        "model_digest": made.model_digest,
        "versions": made.versions,
        "steps": outcome.steps,
        "files": {str(path.relative_to(target)): _sha256(path) for path in files},
    }


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic")) + b"\n"
