"""What came of a grammar on trial. Knows neither side of the pipe that it crosses."""

from __future__ import annotations

from msgspec import Struct


class Finding(Struct, frozen=True):
    """The grammar to be used, or what is wrong with it and at which keyword, where that is known."""

    grammar: str
    fault: str = ""
    place: str = ""
