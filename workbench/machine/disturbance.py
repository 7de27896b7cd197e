"""What else a machine does while something is measured on it: other programs, its heat, its clock.

Counts are read at the beginning and at the end, so looking costs nothing in between. All files are looked for
below a root, so that a test can lay out another machine. Knows nothing of what is measured.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Over a stretch of time.

    Attributes:
        others_cores: How many of the `cores` were taken by other programs, or by other guests of the host.
        throttled: How often the processor was slowed down for its heat; 0 also where it does not tell.
        clock_change: The change of the clock of its fastest core as a share, None where it does not tell.
    """

    others_cores: float
    cores: int
    throttled: int = 0
    clock_change: float | None = None


class Disturbance:
    """From now on, what neither this process nor the given ones did, nor what they started and waited for."""

    def __init__(self, pids: Iterable[int] = (), root: Path = Path("/")) -> None:
        self._processors = root / "sys" / "devices" / "system" / "cpu"
        self._processes = [psutil.Process(os.getpid())]
        for pid in pids:
            with suppress(psutil.Error):
                self._processes.append(psutil.Process(pid))
        self._others, self._since = self._others_seconds(), perf_counter()
        self._throttled, self._clock = self._throttle_count(), self._fastest_clock()

    def so_far(self) -> Surroundings:
        """Meant to be called while the processor is still warm: an idle one turns its clock down."""
        elapsed = perf_counter() - self._since
        clock = self._fastest_clock()
        change = clock / self._clock - 1 if clock and self._clock else None
        return Surroundings(
            max(0.0, self._others_seconds() - self._others) / elapsed if elapsed else 0.0,
            psutil.cpu_count() or 1,
            self._throttle_count() - self._throttled,
            change,
        )

    def _others_seconds(self) -> float:
        machine = psutil.cpu_times()
        everyone = sum(getattr(machine, kind, 0.0) for kind in _BUSY)
        for process in self._processes:
            with suppress(psutil.Error):
                everyone -= sum(process.cpu_times()[:4])
        return float(everyone)

    def _throttle_count(self) -> int:
        return sum(map(_number, self._processors.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")))

    def _fastest_clock(self) -> int:
        return max(map(_number, self._processors.glob("cpu[0-9]*/cpufreq/scaling_cur_freq")), default=0)


def _number(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0
