"""Where the sequences that are being computed sit in the cache.

llama.cpp computes in one pass over the weights those whose numbers follow each other, and needs a further one
for each gap. Knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Collection

from workbench_llama_cpp.slots import Slots

PATIENCE = 8
"""Steps with a gap before a sequence is moved: the passes that they take are about what the move costs."""


class Seating:
    """Bound to the slots of one cache."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._scattered_steps = 0

    def step(self, computed: Collection[int]) -> None:
        """Take note of the sequences that the next step computes; move one when they stay scattered."""
        swap = next_swap(computed)
        self._scattered_steps = self._scattered_steps + 1 if swap else 0
        if swap and self._scattered_steps > PATIENCE:
            self._slots.exchange(*swap)
            self._scattered_steps = 0


def next_swap(computed: Collection[int]) -> tuple[int, int] | None:
    """A sequence and the place it should have, where most of the others are; None when there are no gaps."""
    width = len(computed)
    if not width or max(computed) - min(computed) < width:
        return None
    last = max(computed) - width + 1
    runs = [range(first, first + width) for first in (min(one, last) for one in computed)]
    seats = max(runs, key=lambda run: sum(one in run for one in computed))
    outside = next(one for one in computed if one not in seats)
    return outside, next(seat for seat in seats if seat not in computed)
