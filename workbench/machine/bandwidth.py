"""How many bytes a second can be read from the main memory, by all cores that may be used or by some.

Generation on the processor is bound by it. Knows nothing of models.
"""

from __future__ import annotations

import ctypes
import threading
import time
from functools import lru_cache
from typing import Any

from workbench.errors import WorkbenchError
from workbench.machine.measurements import Measurement, keep, recall
from workbench.machine.probe import Machine

_NAME = "memory read bandwidth"
_MOST_BYTES = 1 << 29
_SECONDS = 0.25
_BYTES_PER_BLOCK = 1 << 23
_ABSENT, _PRESENT = 0, 1


def recalled(here: Machine) -> Measurement | None:
    """What was measured on this machine before, if anything."""
    return recall(_NAME, _hardware(here))


def measure(here: Machine) -> Measurement:
    """The best of a sweep over numbers of threads, in bytes a second; takes about a second.

    Raises WorkbenchError where there is too little free memory to tell it from the caches.
    """
    counts = sorted({1, max(1, here.logical_cores // 2), here.physical_cores, here.logical_cores})
    total = _enough(here, counts[-1])
    speeds = {threads: read_per_second(threads, total) for threads in counts}
    best = max(speeds, key=lambda threads: speeds[threads])
    return keep(_NAME, _hardware(here), speeds[best], f"read by {best} of {counts[-1]} threads")


def measured_with(here: Machine, threads: int) -> float:
    """Bytes a second that so many threads read, the best of three times. Raises as `measure`."""
    total = _enough(here, threads)
    return max(read_per_second(threads, total) for _ in range(3))


def read_per_second(threads: int, total_bytes: int, seconds: float = _SECONDS) -> float:
    """Bytes read in a second by so many threads, each within memory of its own.

    They look for a byte that is not there, which the C library does as fast as memory delivers.
    """
    import numpy

    size, find = total_bytes // threads, _find()
    start, counts = threading.Barrier(threads + 1), [0] * threads

    def read(index: int) -> None:
        memory = numpy.full(size, _PRESENT, numpy.uint8)
        start.wait()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for at in range(0, size, _BYTES_PER_BLOCK):
                length = min(_BYTES_PER_BLOCK, size - at)
                find(memory.ctypes.data + at, _ABSENT, length)
                if time.perf_counter() >= until:
                    break
                counts[index] += length

    workers = [threading.Thread(target=read, args=(index,), daemon=True) for index in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def _enough(here: Machine, threads: int) -> int:
    """Bytes that no cache holds."""
    least, total = 4 * _BYTES_PER_BLOCK * threads, min(_MOST_BYTES, here.ram_free // 4)
    if total < least > here.ram_free // 2:
        raise WorkbenchError("Memory bandwidth is not measured: too little memory is free.")
    return max(total, least)


@lru_cache(maxsize=1)
def _find() -> Any:
    find = ctypes.CDLL(None).memchr
    find.restype, find.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    return find


def _hardware(here: Machine) -> str:
    return f"{here.cpu}, {here.logical_cores} threads, {here.ram_total // 2**30} GiB"
