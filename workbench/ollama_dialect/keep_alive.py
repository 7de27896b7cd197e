"""How long a model is to stay loaded after a request, as Ollama's clients say it."""

from __future__ import annotations

import re
from math import inf

from workbench.openai_dialect.parameter_errors import InvalidParameter

KeepAlive = float | str
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def seconds_kept(keep_alive: KeepAlive) -> float:
    """The seconds that a number, or a text such as "90", "5m" or "1h30m" means; inf for anything below 0.

    Raises InvalidParameter.
    """
    seconds = _seconds(keep_alive.strip()) if isinstance(keep_alive, str) else keep_alive
    return inf if seconds < 0 else seconds


def _seconds(text: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    sign, parts = -1.0 if text.startswith("-") else 1.0, text.lstrip("+-")
    if not parts or _PART.sub("", parts):
        raise InvalidParameter(
            f"keep_alive is {text[:40]!r}, which is no span of time.",
            "Write it as 5m, 1h30m or seconds; below 0 it never ends.",
            "keep_alive",
        )
    return sign * sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(parts))
