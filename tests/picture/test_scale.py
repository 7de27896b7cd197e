"""Where values lie along the axes of a chart, and what is named beside them."""

from __future__ import annotations

import pytest

from workbench.picture import Axis, Chart, Point, Series
from workbench.picture.scale import across, up


def chart(*places: tuple[float, float], **axis: bool) -> Chart:
    points = tuple(Point(x, y) for x, y in places)
    return Chart(Axis("x"), Axis("y", **axis), (Series("", points),))


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0, 100), [0, 20, 40, 60, 80, 100]),
        ((13.2, 18.9), [12, 14, 16, 18, 20]),
        ((-3, 4), [-4, -2, 0, 2, 4]),
        ((0.001, 0.0034), [0.001, 0.0015, 0.002, 0.0025, 0.003, 0.0035]),
    ],
)
def test_upwards_ticks_are_round_and_hold_all_values(values: tuple[float, float], ticks: list[float]) -> None:
    scale = up(chart((0, values[0]), (1, values[1])))
    assert scale.low <= values[0] and values[1] <= scale.high
    assert scale.ticks == pytest.approx(ticks)


def test_lengths_that_are_compared_begin_at_nothing() -> None:
    assert up(chart((0, 90), (1, 100))).low > 0
    assert up(chart((0, 90), (1, 100), from_zero=True)).low == 0


def test_a_logarithmic_axis_names_whole_decades() -> None:
    scale = up(chart((0, 0.003), (1, 0.2), logarithmic=True))
    assert scale.ticks == pytest.approx([0.001, 0.01, 0.1, 1])
    assert scale.place(0.01) == pytest.approx(1 / 3)


def test_the_spread_lies_within() -> None:
    scale = up(Chart(Axis("x"), Axis("y"), (Series("", (Point(0, 100, spread=30),)),)))
    assert scale.low <= 70 and scale.high >= 130


def test_across_ticks_are_where_points_are_and_keep_apart() -> None:
    assert across(chart((1, 0), (2, 0), (4, 0), (8, 0))).ticks == (1, 2, 4, 8)
    assert across(chart(*((value, 0) for value in (0, 1, 2, 50, 99, 100)))).ticks == (0, 50, 100)


@pytest.mark.parametrize("places", [[(5, 7)], [(5, 0)], [(5, 7), (5, 7)], [(0, -1)]])
def test_one_place_alone_lies_within_its_chart(places: list[tuple[float, float]]) -> None:
    for x, y in places:
        assert across(chart(*places)).place(x) == 0.5
        assert 0 <= up(chart(*places)).place(y) <= 1
