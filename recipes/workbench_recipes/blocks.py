"""The blocks of a document's text: paragraphs, headings, code, tables and lists, with their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PAGE_BREAK = "\f"
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_BREAK = re.compile(r"[ \t]*\f[ \t]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A text without empty lines around it.

    Attributes:
        level: Of a heading from 1 to 6; 0 for any other block.
        pages: The first and the last page that it is on, counted from 1.
    """

    text: str
    level: int
    pages: tuple[int, int]


def blocks_of(text: str, *, headed: bool) -> Iterator[Block]:
    """In their order. `headed` texts have headings and code as Markdown writes them."""
    lines, page, first, fence = list[str](), 1, 1, ""
    for line in text.split("\n"):
        opening = _FENCE.match(line) if headed else None
        heading = _HEADING.fullmatch(line.strip(PAGE_BREAK)) if headed and not fence else None
        if lines and (heading or not (line.strip() or fence)):
            yield from _block(lines, (first, page))
            lines = []
        if not lines:
            first = page + len(line) - len(line.lstrip(PAGE_BREAK))
        page += line.count(PAGE_BREAK)
        if heading:
            yield Block(heading[0].strip(), len(heading[1]), (page, page))
        elif line.strip() or lines:
            lines.append(line)
        if opening:
            closes = line.strip().startswith(fence) and not line.strip(" `~")
            fence = ("" if closes else fence) if fence else opening[1]
    yield from _block(lines, (first, page))


def _block(lines: list[str], pages: tuple[int, int]) -> Iterator[Block]:
    joined = "\n".join(lines).strip(f"\n{PAGE_BREAK}")
    text = _BREAK.sub(" ", joined.replace(f"\n{PAGE_BREAK}", "\n"))
    if text.strip():
        yield Block(text, 0, pages)
