"""Markdown: without what is said about the file and to its writers, and all headings in the same form."""

from __future__ import annotations

import re

from workbench.datasets.documents.document import Document

_FRONT = re.compile(r"\A---[ \t]*\n(?:.*\n){0,200}?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_TITLE = re.compile(r"^title:[ \t]*(.{1,200})$", re.MULTILINE)
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r"[ ]{0,3}(=+|-{2,})[ \t]*")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PLAIN = re.compile(r"[ ]{0,3}[^\s#>|*+\-`~=\d].*")


def read_markdown(text: str) -> Document:
    front = _FRONT.match(text)
    named = _TITLE.search(front[0]) if front else None
    title = named[1].strip("\"' \t") if named else ""
    return Document("\n".join(_lines(text[front.end() :] if front else text)), title)


def _lines(text: str) -> list[str]:
    """The lines outside of code without comments, and with underlined headings as `#` writes them."""
    kept, fence, prose = list[str](), "", list[str]()
    for line in text.split("\n"):
        opening = _FENCE.match(line)
        if fence:
            kept.append(line)
            fence = "" if opening and line.strip().startswith(fence) and not line.strip(" `~") else fence
        elif opening:
            kept += [*_prose(prose), line]
            prose, fence = [], opening[1]
        else:
            prose.append(line)
    return [*kept, *_prose(prose)]


def _prose(lines: list[str]) -> list[str]:
    found = list[str]()
    for line in _COMMENT.sub("", "\n".join(lines)).split("\n") if lines else ():
        if found and _UNDERLINE.fullmatch(line) and _PLAIN.fullmatch(found[-1]) and _alone(found):
            found[-1] = f"{'#' if '=' in line else '##'} {found[-1].strip()}"
        else:
            found.append(line)
    return found


def _alone(lines: list[str]) -> bool:
    """Whether the last line is a paragraph of its own."""
    return len(lines) < 2 or not lines[-2].strip()
