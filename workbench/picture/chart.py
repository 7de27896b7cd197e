"""What a chart shows: series of points over two axes. Knows nothing of how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a chart.

    Attributes:
        title: What is measured along it, with its unit.
        write: How a value is written beside it.
        logarithmic: Equal steps are equal factors; all values are above 0 then.
        from_zero: It begins at 0, so that lengths can be compared by eye; else near the least value.
    """

    title: str
    write: Callable[[float], str] = "{:g}".format
    logarithmic: bool = False
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a place, with the words beside it and those that a page shows when it is pointed at.

    Attributes:
        spread: How far the value is uncertain in both directions, in the unit of y.
        ringed: Whether it is set apart from the others.
    """

    x: float
    y: float
    label: str = ""
    about: str = ""
    spread: float = 0.0
    ringed: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together; `joined` by a line in the order of x, or each for itself."""

    name: str
    points: tuple[Point, ...]
    joined: bool = False

    def segments(self) -> Iterator[tuple[Point, Point]]:
        """The lines that join them."""
        ordered = sorted(self.points, key=lambda point: point.x) if self.joined else []
        yield from pairwise(ordered)


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over a common pair of axes. There is at least one point."""

    x: Axis
    y: Axis
    series: tuple[Series, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(point for one in self.series for point in one.points)

    @property
    def title(self) -> str:
        return f"{self.y.title} by {self.x.title}"
