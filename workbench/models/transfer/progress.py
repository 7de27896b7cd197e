"""How far a transfer is, how fast it goes and when it will be done. Knows no screen."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Phase = Literal["waiting", "checking", "fetching", "making", "done"]

WINDOW_SECONDS = 15.0
SURE_AFTER_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One moment of a transfer.

    Attributes:
        phase: "waiting" for another process, "checking" what is there, "fetching", "making", or "done".
        done_bytes: Bytes that are here, of total_bytes; fetched_bytes came over the network by now.
        bytes_per_second: Over the last seconds, or None while that is not known.
        seconds_left: At that speed, or None while that is not known.
        trouble: What broke and when it is tried again, or "".
    """

    phase: Phase
    done_bytes: int
    total_bytes: int
    fetched_bytes: int = 0
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    connections: int = 0
    file: str = ""
    trouble: str = ""


class Speedometer:
    """Bytes per second over the last WINDOW_SECONDS."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def observe(self, count: int) -> None:
        """So many bytes have come in all."""
        now = self._clock()
        self._seen.append((now, count))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW_SECONDS:
            self._seen.popleft()

    @property
    def bytes_per_second(self) -> float | None:
        if not self._seen:
            return None
        (began, first), (now, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now - began) if now - began >= SURE_AFTER_SECONDS else None

    def seconds_left(self, missing: int) -> float | None:
        """When the missing bytes will be here at that speed; None where it is not known or never."""
        speed = self.bytes_per_second
        return missing / speed if speed else None


class Meter:
    """Reports on several files, one after the other, as one whole of `total_bytes`."""

    def __init__(self, total_bytes: int, report: Callable[[Progress], None]) -> None:
        self.total_bytes = total_bytes
        self._report = report
        self._speed = Speedometer()
        self._fetched_before = self._done_before = 0

    def tell(
        self,
        phase: Phase,
        file: str,
        done_bytes: int,
        *,
        fetched_bytes: int = 0,
        missing_bytes: int = 0,
        connections: int = 0,
        trouble: str = "",
    ) -> None:
        """Report on the current file, of which so much is done, missing and was fetched by now."""
        fetched = self._fetched_before + fetched_bytes
        done = self._done_before + done_bytes
        self._speed.observe(fetched)
        self._report(
            Progress(
                phase=phase,
                file=file,
                done_bytes=done,
                total_bytes=self.total_bytes,
                fetched_bytes=fetched,
                bytes_per_second=self._speed.bytes_per_second,
                seconds_left=self._speed.seconds_left(self.total_bytes - done) if missing_bytes else None,
                connections=connections,
                trouble=trouble,
            )
        )

    def finished(self, size_bytes: int) -> None:
        """The current file, of that size, is done."""
        self._done_before += size_bytes

    def fetched(self, count: int) -> None:
        """The current file cost so many bytes over the network, in this try."""
        self._fetched_before += count
