"""What was measured on this machine, kept with its date in one small file of the cache folder.

A measurement belongs to the hardware it was made on; on other hardware it is as if there were none. Knows
nothing of how anything is measured.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import paths
from workbench.whole_file import write_whole

_MOST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number, when it was measured, and how, in words."""

    value: float
    measured: datetime
    how: str = ""


def measurements_file() -> Path:
    return paths.cache_folder() / "measurements.json"


def recall(name: str, hardware: str) -> Measurement | None:
    """What was measured under this name on this hardware; None too where the file cannot be read."""
    entry = _read().get(name)
    try:
        if not isinstance(entry, dict) or entry["hardware"] != hardware:
            return None
        return Measurement(
            float(entry["value"]), datetime.fromisoformat(entry["measured"]), str(entry["how"])
        )
    except (KeyError, TypeError, ValueError):
        return None


def keep(name: str, hardware: str, value: float, how: str = "") -> Measurement:
    """Remember a value measured just now; where nothing can be written, it is only returned."""
    found = Measurement(value, datetime.now(UTC).replace(microsecond=0), how)
    entry = {"hardware": hardware, "value": value, "measured": found.measured.isoformat(), "how": how}
    with suppress(OSError):
        _write({**_read(), name: entry})
    return found


def _read() -> dict[str, Any]:
    try:
        with measurements_file().open("rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(entries: dict[str, Any]) -> None:
    """Whole or not at all, so that another process never reads half of it."""
    write_whole(measurements_file(), json.dumps(entries, indent=2).encode())
