"""How many connections are worth having: twice as many are tried now and then, and kept if it paid.

Knows neither connections nor bytes; it is told what has arrived and when.
"""

from __future__ import annotations

MOST = 8
TRIAL_SECONDS = 1.5
REST_SECONDS = 30.0
WORTHWHILE = 1.15


class Width:
    """The number of connections to use, between 1 and `most`; `fixed` tries no others."""

    def __init__(self, most: int = MOST, fixed: int | None = None) -> None:
        self.connections = fixed or 1
        self._before = self.connections
        self._most = fixed or most
        self._fixed = fixed is not None
        self._began: tuple[float, int] | None = None
        self._rate_before: float | None = None
        self._rest_until = 0.0

    def observe(self, now: float, arrived_bytes: int) -> int:
        """Take note of what has arrived until now; returns the number of connections to use from here."""
        if self._fixed or now < self._rest_until:
            return self.connections
        if self._began is None:
            self._began = (now, arrived_bytes)
        elif now - self._began[0] >= TRIAL_SECONDS:
            rate = (arrived_bytes - self._began[1]) / (now - self._began[0])
            self._began = (now, arrived_bytes)
            self._decide(now, rate)
        return self.connections

    def _decide(self, now: float, rate: float) -> None:
        paid = self._rate_before is None or rate >= self._rate_before * WORTHWHILE
        if not paid:
            self.connections = self._before
        if not paid or self.connections == self._most:
            self._rest_until, self._began, self._rate_before = now + REST_SECONDS, None, None
            return
        self._rate_before, self._before = rate, self.connections
        self.connections = min(self._most, 2 * self.connections)
