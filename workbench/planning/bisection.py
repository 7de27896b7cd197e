"""Where a test that changes its answer once does so. Knows nothing of memory."""

from __future__ import annotations

from collections.abc import Callable


def first(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """The smallest number from `low` to `high` that it holds for, and for all above; or None."""
    if low > high or not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def last(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """The largest number from `low` to `high` that it holds for, and for all below; or None."""
    if low > high or not holds(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
