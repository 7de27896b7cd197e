"""Makes a model card readable in a terminal: what only a browser shows is reduced to its words.

Code is left as it is, for prompt formats look like HTML. Every step takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE_SPAN = re.compile(r"(`{1,2}[^`\n]{1,500}`{1,2})")
_BADGE = re.compile(r"\[!\[([^\[\]\n]{0,200})\]\([^()\n]{0,500}\)\]\(([^()\n]{0,500})\)")
_IMAGE = re.compile(r"!\[([^\[\]\n]{0,200})\]\([^()\n]{0,500}\)")
_TAG = re.compile(
    r"<(/?)(a|abbr|audio|b|big|blockquote|br|center|details|div|em|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p"
    r"|picture|small|source|span|strong|style|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul|video)"
    r"((?=[\s/>])[^<>]{0,1000})>",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"""\balt\s*=\s*["']([^"'<>]{0,200})["']""", re.IGNORECASE)
_BLOCKS = {"br", "center", "details", "div", "hr", "ol", "p", "summary", "table", "tr", "ul"}
_FIELD = re.compile(r"([A-Za-z_]{1,40})[ \t]*:[ \t]*(.{0,2000})")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.{1,500})")
_MOST_ITEMS = 100


def front_matter(text: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """The texts and lists of texts at the top of the front matter, and what comes after it."""
    text = _STEERING.sub("", text.replace("\r\n", "\n"))
    if not text.startswith("---\n"):
        return {}, text
    head, closed, body = text[4:].partition("\n---\n")
    if not closed:
        return {}, text
    fields: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in head.splitlines():
        field, item = _FIELD.fullmatch(line), _ITEM.fullmatch(line)
        if field:
            name, fields[name] = field[1], _values(field[2])
        elif item and name and len(fields[name]) < _MOST_ITEMS:
            fields[name] += (_bare(item[1]),)
        elif line[:1].strip():
            name = ""
    return fields, body


def readable(markdown: str) -> str:
    """The text without comments, tags and images."""
    pieces = [text if is_code else _reduced(text) for text, is_code in _by_fence(_STEERING.sub("", markdown))]
    return re.sub(r"\n[ \t]*(?:\n[ \t]*){2,}", "\n\n", "".join(pieces)).strip()


def _values(value: str) -> tuple[str, ...]:
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        return tuple(filter(None, (_bare(item) for item in value[1:-1].split(",")[:_MOST_ITEMS])))
    return (_bare(value),) if _bare(value) else ()


def _bare(value: str) -> str:
    return value.strip().strip("\"'").strip()


def _by_fence(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is a fenced block of code."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        opens = bool(mark) and not fence
        if opens:
            yield "".join(lines), False
            lines, fence = [], mark[1] if mark else ""
        lines.append(line)
        if mark and not opens and mark[1].startswith(fence):
            yield "".join(lines), True
            lines, fence = [], ""
    yield "".join(lines), bool(fence)


def _reduced(text: str) -> str:
    pieces = _CODE_SPAN.split(_without_comments(text))
    return "".join(piece if index % 2 else _without_pictures(piece) for index, piece in enumerate(pieces))


def _without_comments(text: str) -> str:
    """A comment that nobody closes stays."""
    kept, done = [], 0
    while (start := text.find("<!--", done)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[done:start])
        done = end + len("-->")
    return "".join([*kept, text[done:]])


def _without_pictures(text: str) -> str:
    text = _BADGE.sub(lambda badge: f"[{badge[1]}]({badge[2]})" if badge[1] else "", text)
    text = _IMAGE.sub(lambda image: f"({image[1]})" if image[1].strip() else "", text)
    return _TAG.sub(_in_words, text)


def _in_words(tag: re.Match[str]) -> str:
    closes, name = bool(tag[1]), tag[2].lower()
    if name == "img":
        alternative = _ALTERNATIVE.search(tag[3])
        return f"({alternative[1]})" if alternative and alternative[1].strip() else ""
    if re.fullmatch("h[1-6]", name):
        return "\n\n" if closes else f"\n\n{'#' * int(name[1])} "
    if name == "li":
        return "" if closes else "\n- "
    return "\n" if name in _BLOCKS else ""
