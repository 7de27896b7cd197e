"""Charts, in letters for a terminal and as SVG for a page. Knows nothing of what they show."""

from workbench.picture.bar_chart import Bar, BarChart, bar_svg
from workbench.picture.chart import Axis, Chart, Point, Series
from workbench.picture.letters import lettered
from workbench.picture.svg import svg

__all__ = ["Axis", "Bar", "BarChart", "Chart", "Point", "Series", "bar_svg", "lettered", "svg"]
