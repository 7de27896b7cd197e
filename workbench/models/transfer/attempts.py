"""When to try again, how long to wait, and when to give up. Knows no network; time is given to it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

FIRST_WAIT = 0.125
LONGEST_WAIT = 30.0
LONGEST_ASKED_WAIT = 900.0
MOST_REFUSALS = 5


class TryAgain(Exception):
    """Something broke that may work next time.

    Attributes:
        reason: What broke, as the end of a sentence.
        wait_seconds: How long the server asked to be left alone, if it did.
        refused: Whether the server answered, and said no; that is believed sooner than silence.
    """

    def __init__(self, reason: str, wait_seconds: float | None = None, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.wait_seconds, self.refused = reason, wait_seconds, refused


class Attempts:
    """Counts what went wrong since the last byte arrived.

    Gives up when nothing has arrived for `patience_seconds`, waits that the server asked for not counted, or
    after a few refusals in a row.
    """

    def __init__(self, patience_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._clock = patience_seconds, clock
        self.progressed()

    def progressed(self) -> None:
        self._failures = self._refusals = 0
        self._since = self._clock()

    def wait(self, failure: TryAgain) -> float | None:
        """Seconds to wait before the next try, or None to give up."""
        self._refusals += failure.refused
        if self._refusals >= MOST_REFUSALS or self._clock() - self._since > self._patience:
            return None
        if failure.wait_seconds is not None:
            if failure.wait_seconds > LONGEST_ASKED_WAIT:
                return None
            self._since += failure.wait_seconds
            return failure.wait_seconds
        self._failures += 1
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0**self._failures) * random.uniform(0.75, 1.0)


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """The seconds that an answer asks to wait.

    They stand in the hub's `ratelimit` header as `t=`, or in Retry-After, as a number or a date (RFC 9110,
    10.2.3).
    """
    if limited := re.search(r"\bt=(\d{1,6})\b", headers.get("ratelimit", "")):
        return float(limited[1]) + 1
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal() and len(value) < 10:
        return float(value)
    try:
        until: float = parsedate_to_datetime(value).timestamp()
        return max(0.0, until - now())
    except (ValueError, TypeError, OverflowError):
        return None
