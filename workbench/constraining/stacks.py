"""Threads with stacks large enough for whatever passed its trial. Knows nothing of what they do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def executor_with_stacks(count: int, stack_bytes: int, name: str) -> ThreadPoolExecutor:
    """All its threads are started here, since a thread's stack is as large as is set at its start."""
    executor = ThreadPoolExecutor(count, name)
    started = threading.Barrier(count + 1)
    before = threading.stack_size(stack_bytes)
    try:
        for _ in range(count):
            executor.submit(started.wait)
        started.wait()
    finally:
        threading.stack_size(before)
    return executor
