"""How often each key has asked of late, and OpenAI's headers for it. Knows no requests."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    """Requests that may still be made, at a moment of the monotonic clock."""

    left: float
    at: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may still ask for.

    Attributes:
        granted: Whether this request is within it.
        limit: Requests in a minute.
        remaining: Whole requests that may be made at once.
        reset: Seconds until all of them may be made again.
        wait: Seconds until one more may be made.
    """

    granted: bool
    limit: int
    remaining: int
    reset: float
    wait: float

    @property
    def headers(self) -> dict[str, str]:
        """As OpenAI names them."""
        told = {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-reset-requests": spelled(self.reset),
        }
        if not self.granted:
            told |= {
                "retry-after": str(math.ceil(self.wait)),
                "retry-after-ms": str(math.ceil(self.wait * 1000)),
            }
        return told


class RateLimiter:
    """One bucket for each key: full at first, it fills evenly, so that the minute has no edges."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def ask(self, name: str, per_minute: int, spared: float = 0.0) -> Allowance:
        """Count a request of that key, if it is within its rate and the `spared` share of that is left."""
        now, rate = self._clock(), per_minute / 60
        bucket = self._buckets.setdefault(name, _Bucket(per_minute, now))
        bucket.left = min(per_minute, bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        needed = max(1.0, per_minute * spared)
        granted = bucket.left >= needed
        if granted:
            bucket.left -= 1
        wait = max(0.0, (needed - bucket.left) / rate)
        return Allowance(granted, per_minute, int(bucket.left), (per_minute - bucket.left) / rate, wait)


def spelled(seconds: float) -> str:
    """As OpenAI spells spans of time: 120ms, 1.5s, 6m0s, 1h2m3s."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    if seconds < 60:
        return f"{round(seconds, 3):g}s"
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"
