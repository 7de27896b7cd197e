"""Spans of time as people write them: 90, 30s, 15m, 2h or 30d. Knows no clock."""

from __future__ import annotations

import re

from workbench.errors import InvalidRequest

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_SECONDS = 100 * 366 * 86400


def seconds_of(text: str) -> float:
    """The seconds that the text means. Raises InvalidRequest where it means none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= _MOST_SECONDS:
        raise InvalidRequest(f"{text[:40]!r} is no span of time.", "Write it as 90s, 15m, 2h or 30d.")
    return seconds
