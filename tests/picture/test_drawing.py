"""Charts as letters and as SVG: every point is there, named and where it belongs."""

from __future__ import annotations

from xml.etree import ElementTree

from workbench.picture import Axis, Chart, Point, Series, lettered, svg

SVG = "{http://www.w3.org/2000/svg}"
CHART = Chart(
    Axis("depth, in tokens"),
    Axis("tokens/s", from_zero=True),
    (
        Series("pp512", (Point(8192, 100), Point(0, 400), Point(4096, 200)), joined=True),
        Series(
            "tg<128>", (Point(0, 40, "first", spread=9), Point(8192, 20, "last", "20 & more", ringed=True))
        ),
    ),
)


def test_letters_show_marks_where_they_belong() -> None:
    lines = lettered(CHART, columns=41, rows=11)
    assert lines[0] == "tokens/s by depth, in tokens"
    rows = [line.partition("|")[2] for line in lines[1:12]]
    assert (rows[0][0], rows[5][20], rows[8][40]) == ("*", "*", "*")
    assert all(len(row) <= 41 for row in rows)
    assert "o first" in rows[9] and rows[9].index("o") == 0
    assert rows[10].endswith("last o") or rows[9].endswith("last o")
    assert lines[-1].split() == ["*", "pp512", "o", "tg<128>"]


def test_letters_join_points_in_the_order_of_x() -> None:
    rows = [line.partition("|")[2] for line in lettered(CHART, columns=41, rows=11)[1:12]]
    assert sum(row.count("·") for row in rows) > 30
    assert "·" not in rows[10]


def test_letters_name_the_ticks_of_both_axes() -> None:
    lines = lettered(CHART, columns=41, rows=11)
    assert [line.split("|")[0].strip() for line in lines[1:12]][::5] == ["400", "200", "0"]
    assert lines[13].split() == ["0", "4096", "8192"]


def test_svg_shows_every_point_and_escapes_what_others_wrote() -> None:
    drawn = ElementTree.fromstring(svg(CHART))
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"pp512", "tg<128>", "first", "last", "depth, in tokens", "400", "8192"} <= set(texts)
    dots = [one for one in drawn.iter(f"{SVG}circle") if one.get("class") != "ringed"]
    assert len(dots) == 5 + 2
    assert [title.text for title in drawn.iter(f"{SVG}title")] == ["20 & more"]
    assert len([one for one in drawn.iter(f"{SVG}circle") if one.get("class") == "ringed"]) == 1


def test_svg_places_points_by_their_values() -> None:
    drawn = ElementTree.fromstring(svg(CHART))
    dots = [one for one in drawn.iter(f"{SVG}circle") if one.get("r") == "4"][2:]
    by_x = sorted((float(one.get("cx", 0)), float(one.get("cy", 0))) for one in dots[:3])
    assert by_x[0][1] < by_x[1][1] < by_x[2][1]
    assert by_x[1][0] - by_x[0][0] == by_x[2][0] - by_x[1][0]


def test_several_charts_stand_one_below_the_other() -> None:
    one, two = (ElementTree.fromstring(svg(*charts)) for charts in ((CHART,), (CHART, CHART)))
    heights = [int(drawn.get("viewBox", "").split()[3]) for drawn in (one, two)]
    assert heights[1] == 2 * heights[0]
    assert len(list(two.iter(f"{SVG}text"))) == 2 * len(list(one.iter(f"{SVG}text")))


def test_a_long_legend_takes_several_rows_above_the_chart() -> None:
    names = [f"a model with a long name {number}" for number in range(9)]
    chart = Chart(Axis("x"), Axis("y"), tuple(Series(name, (Point(0, 1), Point(1, 2))) for name in names))
    drawn = ElementTree.fromstring(svg(chart))
    places = {
        text.text: (float(text.get("x", 0)), float(text.get("y", 0))) for text in drawn.iter(f"{SVG}text")
    }
    assert len({places[name] for name in names}) == 9
    assert all(x + 7 * len(name) < 760 for name in names for x in [places[name][0]])
    assert max(places[name][1] for name in names) < min(
        float(one.get("y1", 0)) for one in drawn.iter(f"{SVG}line")
    )
