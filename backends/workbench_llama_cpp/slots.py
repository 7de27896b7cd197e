"""Which sequence of the cache holds what, and how a prompt's beginning is taken from earlier work.

A slot is one sequence of the cache. What a slot holds stays when its request ends, so that the next prompt
that begins alike need not be computed again; a slot that is still busy lends its beginning as well. Knows
nothing of batches or sampling.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workbench_llama_cpp.media_rows import positions_of, whole

Tokens = NDArray[np.int32]


class Cache(Protocol):
    """What the slots ask of a KV cache, in positions from the start of a sequence."""

    def truncate(self, sequence: int, length: int) -> bool:
        """Forget all after the first `length` positions; False when it cannot, and nothing is left then."""

    def share(self, source: int, target: int, length: int) -> bool:
        """Give an empty `target` the first `length` positions of `source`; False when it cannot."""

    def settle(self, empty: int) -> None:
        """Complete what `share` has only begun, with the help of an empty sequence."""

    def exchange(self, first: int, second: int) -> bool:
        """Let two sequences change places; False when that would take too much memory, or cannot be."""


def least_shared(context_length: int) -> int:
    """Tokens whose state is worth the copy of a whole sequence of that many tokens, which sharing takes.

    A token takes a hundred times as long to compute as to copy, or longer, on any machine.
    """
    return max(16, context_length // 128)


def common_prefix(left: Tokens, right: Tokens) -> int:
    """Length of the longest common beginning that ends within no medium."""
    shorter = min(len(left), len(right))
    differing = np.flatnonzero(left[:shorter] != right[:shorter])
    return whole(left, int(differing[0]) if len(differing) else shorter)


@dataclass(slots=True, eq=False)
class Slot:
    """One sequence: the tokens whose state the cache holds, and whether a request uses it.

    `position` is that of the next token, which is `length` unless there are media among the tokens.
    """

    sequence: int
    busy: bool = False
    last_used: int = 0
    _buffer: Tokens = field(default_factory=lambda: np.zeros(256, np.int32))
    length: int = 0
    position: int = 0

    @property
    def tokens(self) -> Tokens:
        return self._buffer[: self.length]

    def position_at(self, length: int) -> int:
        """The position after the first `length` tokens."""
        return self.position - positions_of(self._buffer[length : self.length])

    def extend(self, tokens: Tokens) -> None:
        end = self.length + len(tokens)
        if end > len(self._buffer):
            self._buffer = np.resize(self._buffer, max(end, 2 * len(self._buffer)))
        self._buffer[self.length : end] = tokens
        self.length = end
        self.position += positions_of(tokens)

    def cut(self, length: int) -> None:
        self.position = self.position_at(length)
        self.length = length


class Slots:
    """All sequences of one cache. Beginnings of fewer than `least_shared` tokens are computed, not shared."""

    def __init__(self, count: int, cache: Cache, least_shared: int = 1) -> None:
        self._least_shared = least_shared
        self._slots = [Slot(sequence) for sequence in range(count)]
        self._cache = cache
        self._clock = itertools.count(1)

    @property
    def free(self) -> int:
        return sum(not slot.busy for slot in self._slots)

    def reusable(self, prompt: Tokens) -> int:
        """How many tokens of the prompt some slot holds; the last token is always computed."""
        return max(common_prefix(slot.tokens, prompt[:-1]) for slot in self._slots)

    def take(self, prompt: Tokens) -> Slot:
        """A free slot made to hold as much of the prompt's beginning as is known; `length` tells how much."""
        wanted = prompt[:-1]
        donor = max(self._slots, key=lambda slot: (common_prefix(slot.tokens, wanted), not slot.busy))
        known = common_prefix(donor.tokens, wanted)
        lends = known >= self._least_shared
        slot = donor if self._worth_overwriting(donor, known) else self._oldest_free(donor if lends else None)
        if slot is donor:
            slot.cut(known if self._cache.truncate(slot.sequence, slot.position_at(known)) else 0)
        else:
            self._cache.truncate(slot.sequence, 0)
            slot.cut(0)
            if lends and self._cache.share(donor.sequence, slot.sequence, donor.position_at(known)):
                slot.extend(donor.tokens[:known])
        slot.busy = True
        return slot

    def release(self, slot: Slot) -> None:
        slot.busy = False
        slot.last_used = next(self._clock)

    def take_back(self, slot: Slot, length: int) -> bool:
        """Keep the first `length` tokens of a busy slot only; False when nothing could be kept."""
        if length == slot.length or self._cache.truncate(slot.sequence, slot.position_at(length)):
            slot.cut(length)
            return True
        slot.cut(0)
        return False

    def drop_beyond(self, slot: Slot) -> bool:
        """Make the cache forget what a step that failed has left of tokens that the slot does not hold.

        False when it had to forget all.
        """
        return self._cache.truncate(slot.sequence, slot.position)

    def vacate(self) -> Slot:
        """The free slot that was used longest ago, emptied, for a state that comes from elsewhere."""
        slot = self._oldest_free(None)
        self._cache.truncate(slot.sequence, 0)
        self._cache.settle(slot.sequence)
        slot.cut(0)
        return slot

    def exchange(self, first: int, second: int) -> None:
        """Let what two sequences hold change places, where the cache can do that."""
        if self._cache.exchange(first, second):
            one, other = (self._slot_of(sequence) for sequence in (first, second))
            one.sequence, other.sequence = second, first

    def forget_idle(self) -> None:
        """Give up what is kept for later."""
        for slot in self._slots:
            if not slot.busy:
                self._cache.truncate(slot.sequence, 0)
                slot.cut(0)

    def _slot_of(self, sequence: int) -> Slot:
        return next(slot for slot in self._slots if slot.sequence == sequence)

    def _worth_overwriting(self, donor: Slot, known: int) -> bool:
        """Continue in place when next to nothing of the donor is lost, or when nothing else is free."""
        return not donor.busy and (known >= 0.9 * donor.length or self.free == 1)

    def _oldest_free(self, keep: Slot | None) -> Slot:
        """An empty one if there is, then one beside those at work, which one pass computes together."""
        free = [slot for slot in self._slots if not slot.busy and slot is not keep]
        beside = {slot.sequence + step for slot in self._slots if slot.busy for step in (-1, 1)}
        return min(free, key=lambda slot: (slot.length > 0, slot.sequence not in beside, slot.last_used))
