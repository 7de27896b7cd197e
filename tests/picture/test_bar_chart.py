"""Bars have a common scale, parts one after the other, and names that cannot become part of the page."""

from __future__ import annotations

from xml.etree import ElementTree

from workbench.picture import Bar, BarChart, bar_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_their_parts_say() -> None:
    chart = BarChart("rows", (Bar("one", (30, 10), "40"), Bar("two & <b>", (20, 0), "20")), ("stay", "go"))
    drawn = ElementTree.fromstring(bar_svg(chart))
    first, second = drawn.iter(f"{SVG}g")
    widths = [[float(part.get("width", 0)) for part in bar.iter(f"{SVG}rect")] for bar in (first, second)]
    (stay, go), (alone,) = widths
    assert abs(stay - 3 * go) < 0.2 and abs(stay + go - 2 * alone) < 0.2
    begins = [float(part.get("x", 0)) for part in first.iter(f"{SVG}rect")]
    assert abs(begins[1] - begins[0] - stay) < 0.2
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert texts == ["rows", "stay", "go", "one", "40", "two & <b>", "20"]


def test_a_small_part_of_much_is_seen() -> None:
    drawn = ElementTree.fromstring(bar_svg(BarChart("rows", (Bar("most", (1e9, 1), ""),))))
    (bar,) = drawn.iter(f"{SVG}g")
    assert float(list(bar.iter(f"{SVG}rect"))[1].get("width", 0)) >= 1


def test_bars_of_nothing_are_drawn() -> None:
    drawn = ElementTree.fromstring(bar_svg(BarChart("rows", (Bar("none", (0,), "0"),))))
    assert [text.text for text in drawn.iter(f"{SVG}text")] == ["rows", "none", "0"]
