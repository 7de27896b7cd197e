"""Text as Markdown writes it, from elements of HTML that open and close."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl",
     "dt", "fieldset", "figcaption", "figure", "footer", "header", "hgroup", "hr", "li", "main", "ol", "p",
     "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul")
)  # fmt: skip
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_CELLS = ("td", "th")
_TIGHT = ("- ", "| ")


class HtmlText:
    """Collects blocks; white space counts as in a browser, and as it is in `pre`."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._mark = ""
        self._cells: list[str] | None = None
        self._verbatim = 0

    def say(self, text: str) -> None:
        self._pieces.append(text if self._verbatim else _SPACE.sub(" ", text))

    def open(self, tag: str) -> None:
        if tag == "br":
            self._pieces.append("\n")
        elif tag in _CELLS and self._cells is not None:
            self._pieces.append(" ")
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._end_block()
        if tag == "pre":
            self._verbatim += 1
        elif tag == "tr":
            self._cells = []
        elif tag == "li":
            self._mark = "- "
        elif tag in _HEADINGS:
            self._mark = f"{_HEADINGS[tag]} "

    def close(self, tag: str) -> None:
        if tag == "pre":
            self._end_code()
        elif tag in _CELLS and self._cells is not None:
            self._cells.append(" ".join("".join(self._pieces).split()))
            self._pieces.clear()
        elif tag == "tr":
            self._end_row()
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._end_block()

    def finished(self) -> str:
        self._end_block()
        return "\n\n".join(self._blocks)

    def _end_block(self) -> None:
        if self._cells is not None or self._verbatim:
            self._pieces.append("\n" if self._verbatim else " ")
            return
        lines = (" ".join(line.split(" ")).strip() for line in "".join(self._pieces).split("\n"))
        text = re.sub(r"\n{2,}", "\n", re.sub(" +", " ", "\n".join(lines))).strip()
        self._pieces.clear()
        if text:
            if self._mark.startswith("#"):
                text = text.replace("\n", " ")
            self._add(self._mark + text)
            self._mark = ""

    def _end_code(self) -> None:
        self._verbatim = max(0, self._verbatim - 1)
        code = "".join(self._pieces).strip("\n")
        self._pieces.clear()
        if self._cells is not None:
            self._pieces.append(code)
        elif code.strip() and not self._verbatim:
            self._add(f"```\n{code}\n```")

    def _end_row(self) -> None:
        cells, self._cells = self._cells or [], None
        if any(cells):
            self._add(f"| {' | '.join(cells)} |")

    def _add(self, block: str) -> None:
        """Items of a list, and rows of a table, follow each other line by line."""
        if self._blocks and block.startswith(_TIGHT) and self._blocks[-1].startswith(block[:2]):
            self._blocks[-1] += f"\n{block}"
        else:
            self._blocks.append(block)
