"""`page-headers`: headers and footers that the pages of a document repeat, and page numbers."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Row
from workbench_recipes.blocks import PAGE_BREAK

_NUMBER = re.compile(r"\W*(?:\d+(?:[/.-]\d+)*|[ivxlc]+)[^\w.!?]*", re.IGNORECASE)
_NEIGHBOURS = 10
_FEW_WORDS = 2


@dataclass
class PageHeaders(RowOperation):
    """Takes lines at the top and the bottom of pages out that stand there on `least_pages` nearby pages.

    The outermost `lines` of each page are looked at. Page numbers are the same line on every page, and so is
    an outermost line that differs only in a number at its end. In documents of two pages a line must be on
    both. A page keeps its last line.
    """

    least_pages: int = 3
    lines: int = 3

    def apply(self, row: Row, findings: Findings) -> Row:
        if PAGE_BREAK not in row.text:
            return row
        pages = [page.split("\n") for page in row.text.split(PAGE_BREAK)]
        taken = self._take(pages, 0) + self._take(pages, -1)
        if not taken:
            return row
        findings.add(
            "page-headers", "note", f"{taken} headers and footers of its {len(pages)} pages are taken out.",
            row.origin, "Leave out the step page-headers to keep them.",
        )  # fmt: skip
        return msgspec.structs.replace(row, text=PAGE_BREAK.join("\n".join(page) for page in pages))

    def _take(self, pages: list[list[str]], side: int) -> int:
        """Take what repeats off the tops of the pages, or off their bottoms where `side` is -1."""
        least = min(self.least_pages, max(2, len(pages)))
        written = [[line for line in page if line.strip()] for page in pages]
        edges = [_forms((page[::-1] if side else page)[: self.lines]) for page in written]
        repeated = _repeated(edges, least)
        taken = 0
        for number, page in enumerate(pages):
            for form in edges[number][: len(written[number]) - 1]:
                if number not in repeated[form]:
                    break
                while not page.pop(side).strip():
                    continue
                taken += 1
        return taken


def _repeated(edges: Sequence[Sequence[str]], least: int) -> defaultdict[str, set[int]]:
    """For each form of a line the pages on which it counts as repeated."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, edge in enumerate(edges):
        for form in set(edge):
            places[form].append(number)
    found: defaultdict[str, set[int]] = defaultdict(set)
    for form, numbers in places.items():
        found[form] = {number for number in numbers if _nearby(numbers, number) >= least}
    return found


def _nearby(numbers: Sequence[int], number: int) -> int:
    """How many of the ascending numbers are not far from this one, itself included."""
    return bisect_right(numbers, number + _NEIGHBOURS) - bisect_left(numbers, number - _NEIGHBOURS)


def _forms(edge: Sequence[str]) -> list[str]:
    """What is compared of the lines, the outermost first."""
    return [_form(line.casefold().split(), outermost=place == 0) for place, line in enumerate(edge)]


def _form(words: list[str], *, outermost: bool) -> str:
    numbers = {place for place, word in enumerate(words) if _NUMBER.fullmatch(word)}
    if len(words) - len(numbers) > _FEW_WORDS:
        numbers &= {0, len(words) - 1} if outermost else set()
    return " ".join("#" if place in numbers else word for place, word in enumerate(words))
