"""`workbench history --memory`: what loads were predicted to take in memory, and what they took.

Shows a ledger's entries; how they come about is told by workbench.planning.recording.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import wording
from workbench.cli import output
from workbench.planning.ledger import ALARM_SHARE, NOISE_BYTES, DeviceRecord, Ledger, LoadRecord

_PATIENCE = 15.0
"""Seconds to wait for predictions that are being made."""
_YOUNG = 60.0
_HEADINGS = (
    "loaded", "model", "on", "weights", "context", "compute", "overhead", "predicted", "held", "rest", "error"
)  # fmt: skip


def print_memory(limit: int, as_json: bool) -> None:
    entries = _completed(limit)
    if as_json:
        output.document([_document(entry) for entry in entries])
        return
    rows = [row for entry in entries for row in _rows(entry)]
    output.table(_HEADINGS, rows, right=tuple(range(3, len(_HEADINGS))))
    if entries:
        output.note(
            "Held: memory that no file can bring back; mapped weights are neither in it nor in predicted."
        )
    for note in _notes(entries):
        output.note(note)


def _completed(limit: int) -> list[LoadRecord]:
    """The entries, once the predictions of the last minute's loads are there."""
    until = time.monotonic() + _PATIENCE
    with Ledger() as ledger:
        while True:
            entries = ledger.entries(limit)
            if not any(map(_is_underway, entries)) or time.monotonic() > until:
                return entries
            time.sleep(0.1)


def _is_underway(entry: LoadRecord) -> bool:
    return entry.is_pending and (datetime.now(UTC) - entry.loaded).total_seconds() < _YOUNG


def _rows(entry: LoadRecord) -> Iterator[tuple[str, ...]]:
    for index, device in enumerate(entry.devices):
        first = index == 0
        yield (
            f"{entry.loaded.astimezone():%Y-%m-%d %H:%M}" if first else "",
            Path(entry.model).stem if first else "",
            device.name,
            *_predicted(device),
            "" if device.held_bytes is None else wording.size(device.held_bytes),
            _signed(device.rest_bytes),
            f"{entry.error:.1%}" if first and entry.error is not None else "",
        )


def _predicted(device: DeviceRecord) -> tuple[str, ...]:
    if device.predicted is None:
        return ("",) * 5
    one = device.predicted
    mapped = f" ({wording.size(one.mapped_bytes)} mapped)" if one.mapped_bytes else ""
    return (
        f"{wording.size(one.weights_bytes)}{mapped}",
        wording.size(one.context_bytes),
        wording.size(one.compute_bytes),
        wording.size(one.overhead_bytes),
        wording.size(one.total_bytes - one.mapped_bytes),
    )


def _signed(rest: int | None) -> str:
    if rest is None:
        return ""
    return f"{'-' if rest < 0 else '+'}{wording.size(abs(rest))}"


def _notes(entries: list[LoadRecord]) -> Iterator[str]:
    for entry in entries:
        if entry.trouble:
            yield output.on_one_line(f"{Path(entry.model).stem} has no prediction: {entry.trouble}")
    alarming = [entry for entry in entries if entry.is_alarming]
    if alarming:
        loads = wording.count(len(alarming), "load")
        yield (
            f"{loads} took {ALARM_SHARE:.0%} and {wording.size(NOISE_BYTES)} more or less than predicted. "
            "`workbench doctor --measure` probes the machine again; later predictions use what it finds."
        )


def _document(entry: LoadRecord) -> dict[str, Any]:
    return {
        "id": entry.id,
        "loaded": entry.loaded.isoformat(),
        "model": entry.model,
        "backend": entry.backend,
        "basis": entry.basis,
        "devices": [_device_document(device) for device in entry.devices],
        "error": entry.error,
        "alarming": entry.is_alarming,
        "trouble": entry.trouble,
    }


def _device_document(device: DeviceRecord) -> dict[str, Any]:
    predicted = None
    if device.predicted is not None:
        predicted = {**asdict(device.predicted), "total_bytes": device.predicted.total_bytes}
    return {
        "name": device.name,
        "predicted": predicted,
        "held_bytes": device.held_bytes,
        "file_backed_bytes": device.file_backed_bytes,
        "rest_bytes": device.rest_bytes,
    }
