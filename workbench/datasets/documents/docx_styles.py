"""Which styles of a Word document are headings or items of lists, whatever its language calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MOST_BASES = 20
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)


class Styles:
    """Collects the styles as their part is parsed."""

    def __init__(self) -> None:
        self._levels: dict[str, int] = {}
        self._bases: dict[str, str] = {}
        self._listed: set[str] = set()
        self._style = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        match tag:
            case "style":
                self._style = attributes.get("styleId", "")
            case "name" if found := _HEADING.fullmatch(value):
                self._levels[self._style] = int(found[1])
            case "name" if value.lower() == "title":
                self._levels[self._style] = 1
            case "basedOn":
                self._bases[self._style] = value
            case "numPr":
                self._listed.add(self._style)
            case "outlineLvl" if value in "012345678" and value:
                self._levels.setdefault(self._style, int(value) + 1)

    def level(self, style: str) -> int:
        """From 1 to 9, or 0 where the style is no heading."""
        return next((self._levels[one] for one in self._with_bases(style) if one in self._levels), 0)

    def is_listed(self, style: str) -> bool:
        """Whether its paragraphs are items of a list."""
        return not self._listed.isdisjoint(self._with_bases(style))

    def _with_bases(self, style: str) -> Iterator[str]:
        for _ in range(_MOST_BASES):
            yield style
            if style not in self._bases:
                return
            style = self._bases[style]
