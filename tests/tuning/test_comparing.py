"""The judgement of pairs of measurements."""

from __future__ import annotations

import random

import pytest

from workbench.tuning.comparing import Comparison


def pairs(*ratios: float) -> Comparison:
    return Comparison(tuple(100 * ratio for ratio in ratios), (100.0,) * len(ratios))


@pytest.mark.parametrize(
    ("ratios", "faster"),
    [
        ((1.1, 1.1, 1.1, 1.1, 1.1), True),
        ((1.1, 1.1, 1.1, 1.1), False),  # too few to tell
        ((1.1, 1.1, 1.1, 1.1, 0.9), False),
        ((1.1, 1.1, 0.9, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1), True),
        ((1.1, 1.1, 0.9, 1.1, 0.9, 1.1, 1.1, 1.1, 1.1), False),
        ((1.015, 1.015, 1.015, 1.015, 1.015, 1.015), False),  # too little to matter
    ],
)
def test_it_is_faster_when_hardly_a_pair_says_otherwise(ratios: tuple[float, ...], faster: bool) -> None:
    assert pairs(*ratios).is_faster is faster
    assert pairs(*ratios).reversed.is_slower is faster


def test_the_gain_is_the_median_and_the_noise_is_around_it() -> None:
    comparison = pairs(1.2, 1.1, 1.0, 5.0, 1.15)
    assert comparison.gain == pytest.approx(0.15)
    assert 0 < comparison.noise < 0.1
    assert comparison.reversed.gain == pytest.approx(1 / 1.15 - 1)


def test_two_equal_things_are_taken_for_different_in_few_cases() -> None:
    chance = random.Random(0)
    found = 0
    for _ in range(4000):
        found += pairs(*(1 + chance.uniform(-0.3, 0.3) for _ in range(5))).is_faster
    assert found / 4000 < 0.05


def test_a_rival_that_is_far_behind_is_hopeless_and_one_in_noise_is_not() -> None:
    assert pairs(0.7, 0.71).is_hopeless
    assert not pairs(0.97, 0.98).is_hopeless
    assert not pairs(0.95, 0.5).is_hopeless
    assert not pairs(0.7, 1.01).is_hopeless
