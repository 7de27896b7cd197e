"""The best choice is the best there is, and the bound says so."""

from __future__ import annotations

import itertools
import random

import pytest

from workbench.quantization.budget.knapsack import Option, best_choice


def kinds(generator: random.Random, count: int, options: int) -> list[list[Option]]:
    return [
        [Option(generator.randint(1, 400), generator.random()) for _ in range(options)] for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_no_combination_that_fits_costs_less(seed: int) -> None:
    generator = random.Random(seed)
    every = kinds(generator, 6, 4)
    capacity = generator.randint(300, 1600)
    combinations = [
        (sum(option.size for option in taken), sum(option.loss for option in taken))
        for taken in itertools.product(*every)
    ]
    best = min((loss for size, loss in combinations if size <= capacity), default=None)
    found = best_choice(every, capacity)
    if best is None:
        assert found is None
        return
    assert found is not None
    taken = [options[number] for options, number in zip(every, found.options, strict=True)]
    assert sum(option.size for option in taken) == found.size <= capacity
    assert found.loss == pytest.approx(best) == pytest.approx(sum(option.loss for option in taken))
    assert found.bound <= found.loss + 1e-9


def test_of_many_groups_the_gap_is_small() -> None:
    generator = random.Random(5)
    every = [
        [Option(bits * 1_000_003, 4.0**-bits * generator.random()) for bits in range(2, 9)]
        for _ in range(200)
    ]
    for capacity in (500 * 1_000_003, 900 * 1_000_003, 1300 * 1_000_003):
        found = best_choice(every, capacity)
        assert found is not None and found.size <= capacity
        assert found.bound <= found.loss < 1.02 * found.bound


def test_what_fits_only_to_the_byte_is_found() -> None:
    every = [[Option(1_000_001, 1.0), Option(3_000_001, 0.5)] for _ in range(3)]
    found = best_choice(every, 3_000_003)
    assert found is not None and found.options == (0, 0, 0)
    assert best_choice(every, 3_000_002) is None
