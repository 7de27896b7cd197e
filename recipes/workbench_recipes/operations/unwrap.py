"""`unwrap`: paragraphs out of the lines that the layout of pages made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Row
from workbench_recipes.blocks import PAGE_BREAK

_ITEM = re.compile(r"\s*(?:[-–—•·*▪●○]|\(?[0-9]{1,3}[.)]|\(?[a-z][.)])\s")
_ENDS = re.compile(r"[.!?:;…。！？]['\"”’»)\]]*$")
_HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\u2010]$")


@dataclass
class Unwrap(RowOperation):
    """Joins lines of documents of these `formats` where one goes on in the next, also over pages.

    A line that is shorter than `full` of the usual length ends its paragraph, and so does one before an item
    of a list. A word that is divided between lines is put together.
    """

    formats: tuple[str, ...] = ("pdf",)
    full: float = 0.75

    def apply(self, row: Row, findings: Findings) -> Row:
        if row.meta.get("format") not in self.formats:
            return row
        pages = [page.split("\n") for page in row.text.split(PAGE_BREAK)]
        full = self.full * _usual_length(pages)
        text = "".join(_joined_pages([list(_paragraphs(page, full)) for page in pages]))
        return msgspec.structs.replace(row, text=text)


def _usual_length(pages: Sequence[Sequence[str]]) -> int:
    """That of lines that fill the width: four of five are not longer."""
    lengths = sorted(len(line) for page in pages for line in page if line.strip())
    return lengths[len(lengths) * 4 // 5] if lengths else 0


def _paragraphs(lines: Sequence[str], full: float) -> Iterator[str]:
    held, goes_on = list[str](), False
    for line in lines:
        told = line.strip()
        if goes_on and told and not _ITEM.match(line):
            _join(held, told)
        else:
            if held:
                yield "".join(held)
            held = [told] if told else []
        goes_on = bool(told) and len(line) >= full
    if held:
        yield "".join(held)


def _join(held: list[str], line: str) -> None:
    if _HYPHENATED.search(held[-1]) and line[:1].islower():
        held[-1] = held[-1][:-1]
        held.append(line)
    else:
        held.append(f" {line}")


def _joined_pages(pages: Sequence[Sequence[str]]) -> Iterator[str]:
    """A form feed between pages; it stands inside a paragraph that goes on, or after an empty line."""
    last = ""
    for number, paragraphs in enumerate(pages):
        if number:
            goes_on = bool(last and paragraphs) and not _ENDS.search(last) and paragraphs[0][:1].islower()
            yield f" {PAGE_BREAK}" if goes_on else f"\n\n{PAGE_BREAK}"
        yield "\n\n".join(paragraphs)
        last = paragraphs[-1] if paragraphs else last
