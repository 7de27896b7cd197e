"""A limit on bytes per second, shared by all connections. Knows nothing of what is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock


class Throttle:
    """Makes its callers wait so that together they stay below `bytes_per_second`; None is no limit."""

    def __init__(self, bytes_per_second: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = bytes_per_second, clock
        self._paid_until = clock()
        self._lock = Lock()

    @property
    def most(self) -> int:
        """The most bytes that should be read at once, so that the flow is even."""
        return 1 << 20 if self._rate is None else max(1024, min(1 << 20, int(self._rate / 20)))

    def delay(self, count: int) -> float:
        """Seconds to wait before going on, after so many bytes have come."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            self._paid_until = max(self._paid_until, now) + count / self._rate
            return self._paid_until - now
