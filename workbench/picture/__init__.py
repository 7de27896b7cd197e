"""Charts, in letters for a terminal and as SVG for a page. Knows nothing of what they show."""

from workbench.picture.chart import Axis, Chart, Point, Series
from workbench.picture.letters import lettered
from workbench.picture.svg import svg

__all__ = ["Axis", "Chart", "Point", "Series", "lettered", "svg"]
