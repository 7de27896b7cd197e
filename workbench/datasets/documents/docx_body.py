"""The text of a part of a Word document, taken from its elements as they come."""

from __future__ import annotations

from workbench.datasets.documents.document import Refused
from workbench.datasets.documents.docx_styles import Styles

_SKIPPED = ("Fallback", "moveFrom")
"""What stands there twice: the older form of a drawing, and text where it was before it was moved."""


class Body:
    """Collects paragraphs; cells of a row of a table stand on one line."""

    def __init__(self, styles: Styles, most_characters: int) -> None:
        self._styles, self._room = styles, most_characters
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._cells: list[list[str]] = []
        self._level, self._listed = 0, False
        self._speaks = False
        self._skipped = 0

    @property
    def text(self) -> str:
        return "\n\n".join(self._blocks)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped or tag in _SKIPPED:
            self._skipped += 1
            return
        match tag:
            case "t":
                self._speaks = True
            case "tab":
                self._pieces.append("\t")
            case "br" | "cr":
                self._pieces.append("\n")
            case "noBreakHyphen":
                self._pieces.append("-")
            case "p":
                self._level, self._listed = 0, False
            case "pStyle":
                style = attributes.get("val", "")
                self._level, self._listed = self._styles.level(style), self._styles.is_listed(style)
            case "outlineLvl" if attributes.get("val", "9") in "012345678":
                self._level = self._level or int(attributes["val"]) + 1
            case "numPr":
                self._listed = True
            case "tr":
                self._cells.append([])
            case "tc" if self._cells:
                self._cells[-1].append("")

    def data(self, text: str) -> None:
        if self._speaks and not self._skipped:
            self._pieces.append(text)
            self._room -= len(text)
            if self._room < 0:
                raise Refused("length", "Its text is longer than a document may be.")

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        match tag:
            case "t":
                self._speaks = False
            case "p":
                self._paragraph()
            case "tr" if self._cells:
                self._row(self._cells.pop())

    def _paragraph(self) -> None:
        text = "".join(self._pieces).strip()
        self._pieces.clear()
        if not text:
            return
        if self._cells and self._cells[-1]:
            cell = self._cells[-1]
            cell[-1] = " ".join(filter(None, (cell[-1], *text.split())))
        elif self._level:
            self._blocks.append(f"{'#' * min(self._level, 6)} {' '.join(text.split())}")
        else:
            self._add(f"- {text}" if self._listed else text, joins="- " if self._listed else "")

    def _row(self, cells: list[str]) -> None:
        """A row of a table inside a cell becomes a part of that cell."""
        text = f"| {' | '.join(cells)} |"
        if not any(cells):
            return
        if self._cells and self._cells[-1]:
            self._cells[-1][-1] = " ".join(filter(None, (self._cells[-1][-1], *cells)))
        else:
            self._add(text, joins="| ")

    def _add(self, text: str, joins: str) -> None:
        """Items of a list, and rows of a table, follow each other line by line."""
        if joins and self._blocks and self._blocks[-1].startswith(joins):
            self._blocks[-1] += f"\n{text}"
        else:
            self._blocks.append(text)
