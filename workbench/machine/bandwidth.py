"""How many bytes a second the main memory moves, measured by copying with all cores that may be used.

Generation on the processor is bound by it. A copy reads and writes each byte, and both are counted. Knows
nothing of models.
"""

from __future__ import annotations

import threading
import time

from workbench.errors import WorkbenchError
from workbench.machine.measurements import Measurement, keep, recall
from workbench.machine.probe import Machine

_NAME = "memory bandwidth"
_MOST_BYTES = 1 << 29
_SECONDS = 0.25
_BYTES_PER_BLOCK = 1 << 24


def recalled(here: Machine) -> Measurement | None:
    """What was measured on this machine before, if anything."""
    return recall(_NAME, _hardware(here))


def measure(here: Machine) -> Measurement:
    """The best of a sweep over numbers of threads, in bytes a second; takes about a second.

    Raises WorkbenchError where there is too little free memory to tell it from the caches.
    """
    counts = sorted({1, max(1, here.logical_cores // 2), here.physical_cores, here.logical_cores})
    total = min(_MOST_BYTES, here.ram_free // 4)
    if total < 4 * _BYTES_PER_BLOCK * counts[-1]:
        total = 4 * _BYTES_PER_BLOCK * counts[-1]
        if total > here.ram_free // 2:
            raise WorkbenchError("Memory bandwidth is not measured: too little memory is free.")
    speeds = {threads: copied_per_second(threads, total) for threads in counts}
    best = max(speeds, key=lambda threads: speeds[threads])
    return keep(_NAME, _hardware(here), speeds[best], f"copied by {best} of {counts[-1]} threads")


def copied_per_second(threads: int, total_bytes: int, seconds: float = _SECONDS) -> float:
    """Bytes read and written in a second by so many threads, each within memory of its own."""
    import numpy

    size = total_bytes // threads // 2
    start, counts = threading.Barrier(threads + 1), [0] * threads

    def copy(index: int) -> None:
        source, target = numpy.ones(size, numpy.uint8), numpy.ones(size, numpy.uint8)
        start.wait()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for at in range(0, size, _BYTES_PER_BLOCK):
                numpy.copyto(target[at : at + _BYTES_PER_BLOCK], source[at : at + _BYTES_PER_BLOCK])
                if time.perf_counter() >= until:
                    break
                counts[index] += 2 * min(_BYTES_PER_BLOCK, size - at)

    workers = [threading.Thread(target=copy, args=(index,), daemon=True) for index in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def _hardware(here: Machine) -> str:
    return f"{here.cpu}, {here.logical_cores} threads, {here.ram_total // 2**30} GiB"
