"""Which slot a prompt gets and how much of it is known, on a cache that only keeps book."""

from __future__ import annotations

import numpy as np
import pytest

from workbench_llama_cpp.slots import Slot, Slots, Tokens, common_prefix


class BookCache:
    """A double of llama.cpp's memory: remembers what each sequence should hold."""

    def __init__(self, cuts: bool = True) -> None:
        self.held: dict[int, list[int]] = {}
        self.cuts = cuts
        self.settled = True

    def truncate(self, sequence: int, length: int) -> bool:
        whole = length == len(self.held.get(sequence, []))
        self.held[sequence] = self.held.get(sequence, [])[:length] if self.cuts or whole else []
        return self.cuts or whole

    def share(self, source: int, target: int, length: int) -> bool:
        assert not self.held.get(target)
        if self.cuts:
            self.held[target] = self.held[source][:length]
            self.settled = False
        return self.cuts

    def settle(self, empty: int) -> None:
        assert not self.held.get(empty)
        self.settled = True


def tokens(*values: int) -> Tokens:
    return np.array(values, np.int32)


@pytest.fixture
def cache() -> BookCache:
    return BookCache()


@pytest.fixture
def slots(cache: BookCache) -> Slots:
    return Slots(3, cache)


def fill(slots: Slots, cache: BookCache, prompt: Tokens) -> tuple[Slot, int]:
    """Compute the rest of a prompt in the slot it gets; returns the slot and what was known."""
    slot = slots.take(prompt)
    known = slot.length
    assert cache.held.get(slot.sequence, []) == slot.tokens.tolist() == prompt[:known].tolist()
    slot.extend(prompt[known:])
    cache.held[slot.sequence] = slot.tokens.tolist()
    return slot, known


@pytest.mark.parametrize(
    ("left", "right", "length"), [((), (), 0), ((1, 2), (1, 2), 2), ((1, 2, 3), (1, 9), 1), ((1,), (2,), 0)]
)
def test_common_prefix(left: tuple[int, ...], right: tuple[int, ...], length: int) -> None:
    assert common_prefix(tokens(*left), tokens(*right)) == length


def test_the_last_token_is_computed_even_when_all_is_known(slots: Slots, cache: BookCache) -> None:
    prompt = tokens(1, 2, 3, 4)
    slots.release(fill(slots, cache, prompt)[0])
    assert slots.reusable(prompt) == 3
    assert fill(slots, cache, prompt)[1] == 3


def test_a_conversation_goes_on_in_its_own_slot(slots: Slots, cache: BookCache) -> None:
    first, _ = fill(slots, cache, tokens(1, 2, 3))
    slots.release(first)
    second, known = fill(slots, cache, tokens(1, 2, 3, 4, 5))
    assert (second is first, known) == (True, 3)


def test_a_busy_slot_lends_its_beginning(slots: Slots, cache: BookCache) -> None:
    first, _ = fill(slots, cache, tokens(1, 2, 3, 4))
    second, known = fill(slots, cache, tokens(1, 2, 3, 9))
    assert (second is not first, known) == (True, 3)
    assert first.tokens.tolist() == [1, 2, 3, 4]


def test_a_branch_leaves_what_it_branched_from(slots: Slots, cache: BookCache) -> None:
    trunk = tokens(*range(100))
    slots.release(fill(slots, cache, trunk)[0])
    slots.release(fill(slots, cache, tokens(*range(50), 777, 778))[0])
    assert slots.reusable(tokens(*range(100), 5)) == 100


def test_an_empty_slot_is_taken_before_one_that_holds_something(slots: Slots, cache: BookCache) -> None:
    for start in (10, 20, 30):
        slots.release(fill(slots, cache, tokens(*range(start, start + 5)))[0])
    assert [slots.reusable(tokens(*range(start, start + 6))) for start in (10, 20, 30)] == [5, 5, 5]


def test_when_all_hold_something_the_oldest_is_given_up(slots: Slots, cache: BookCache) -> None:
    for start in (10, 20, 30, 40):
        slots.release(fill(slots, cache, tokens(*range(start, start + 5)))[0])
    assert [slots.reusable(tokens(*range(start, start + 6))) for start in (10, 20, 30, 40)] == [0, 5, 5, 5]


def test_a_cache_that_cannot_be_cut_goes_on_or_starts_anew() -> None:
    cache = BookCache(cuts=False)
    slots = Slots(2, cache)
    slots.release(fill(slots, cache, tokens(*range(20)))[0])
    assert fill(slots, cache, tokens(*range(25)))[1] == 20
    assert fill(slots, cache, tokens(*range(10), 99))[1] == 0


def test_what_idle_slots_keep_can_be_given_up(slots: Slots, cache: BookCache) -> None:
    busy, _ = fill(slots, cache, tokens(1, 2, 3))
    idle, _ = fill(slots, cache, tokens(7, 8, 9))
    slots.release(idle)
    slots.forget_idle()
    assert (busy.length, idle.length) == (3, 0)
    assert cache.held[idle.sequence] == []


def test_long_prompts_outgrow_the_first_buffer(slots: Slots, cache: BookCache) -> None:
    prompt = tokens(*range(5000))
    slots.release(fill(slots, cache, prompt)[0])
    assert fill(slots, cache, prompt)[1] == 4999


def test_a_slot_for_a_state_from_elsewhere_is_given_once_what_was_shared_is_there(
    slots: Slots, cache: BookCache
) -> None:
    fill(slots, cache, tokens(1, 2, 3, 4))
    slots.take(tokens(1, 2, 3, 9))
    assert not cache.settled
    vacated = slots.vacate()
    assert cache.settled and not vacated.length and not cache.held.get(vacated.sequence)


def test_prompts_that_are_computed_together_sit_beside_each_other(cache: BookCache) -> None:
    slots = Slots(6, cache)
    filled = [fill(slots, cache, tokens(number, number))[0] for number in range(6)]
    for index in (4, 0, 2, 5, 1, 3):
        slots.release(filled[index])
    taken = [slots.take(tokens(number)).sequence for number in range(10, 13)]
    assert taken == [4, 5, 3], "the oldest, and its neighbours, the older one first"


def test_a_short_beginning_is_not_worth_a_copy(cache: BookCache) -> None:
    slots = Slots(3, cache, least_shared=3)
    fill(slots, cache, tokens(1, 2, 3, 4, 5))
    assert fill(slots, cache, tokens(1, 2, 9, 9))[1] == 0
    assert fill(slots, cache, tokens(1, 2, 3, 9))[1] == 3
