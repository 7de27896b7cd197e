"""Runs as a file for another machine or another program: JSON that comes back whole, or CSV for a table.

A file from elsewhere is checked before anything of it is kept. Knows nothing of where runs are kept.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from workbench.benchmark.history.record import RunRecord
from workbench.errors import InvalidRequest

_MOST_BYTES = 256 * 2**20
_COLUMNS = (
    "taken", "model", "size_bytes", "machine", "cpu", "gpus", "engine", "version", "build", "driver",
    "kernel", "test", "depth", "parallel", "method", "tokens_per_second", "spread", "basis", "setup",
    "origin", "uid",
)  # fmt: skip


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of a file."""

    format: Literal["workbench benchmarks"] = "workbench benchmarks"
    version: Literal[1] = 1
    runs: list[RunRecord]


def as_json(runs: Sequence[RunRecord]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(Document(runs=list(runs))), indent=1) + b"\n"


def as_csv(runs: Sequence[RunRecord]) -> bytes:
    """A line for each test."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for run in runs:
        writer.writerows(_lines(run))
    return text.getvalue().encode()


def read_runs(file: Path) -> list[RunRecord]:
    """Raises InvalidRequest for what is no such file."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InvalidRequest(f"{file} is too large for a history.", "Export fewer models.")
        document = msgspec.json.decode(file.read_bytes(), type=Document)
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise InvalidRequest(
            f"{file} is no history of measurements: {error}.",
            "Give a .json file that `workbench history --export` has written.",
        ) from error
    for run in document.runs:
        if run.taken.tzinfo is None or not all(_is_speed(one.tokens_per_second) for one in run.tests):
            raise InvalidRequest(f"{file} has a run without a time zone or with a speed that is none.")
    return document.runs


def _is_speed(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _lines(run: RunRecord) -> list[tuple[object, ...]]:
    model, machine, engine = run.circumstances.model, run.circumstances.machine, run.circumstances.engine
    about = (run.taken.isoformat(timespec="seconds"), model.name, model.size_bytes, machine.name, machine.cpu)
    beside = (" + ".join(machine.gpus), engine.backend, engine.version, engine.build)
    return [
        (
            *about,
            *beside,
            ", ".join(engine.drivers),
            engine.kernel,
            one.test.name,
            one.test.depth,
            one.test.parallel,
            one.test.method,
            one.tokens_per_second,
            one.document.get("spread", ""),
            one.document.get("basis", ""),
            run.setup,
            run.origin,
            run.uid,
        )
        for one in run.tests
    ]
