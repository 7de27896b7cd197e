"""How much of the machine something else took while a server was measured: other programs, or the host.

Knows nothing of requests.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from time import perf_counter

import psutil

BUSY = ("user", "nice", "system", "irq", "softirq", "steal")


class Disturbance:
    """From now on, the processor time that neither these processes nor this one used."""

    def __init__(self, processes: Sequence[psutil.Process]) -> None:
        self.processes = [*processes, psutil.Process(os.getpid())]
        self.start, self.since = self._others_seconds(), perf_counter()

    def cores(self) -> float:
        """The mean number of cores taken so far."""
        return max(0.0, self._others_seconds() - self.start) / (perf_counter() - self.since)

    def _others_seconds(self) -> float:
        machine = psutil.cpu_times()
        everyone = sum(getattr(machine, kind, 0.0) for kind in BUSY)
        return float(everyone - sum(sum(process.cpu_times()[:2]) for process in self.processes))
