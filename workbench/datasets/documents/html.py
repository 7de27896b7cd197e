"""HTML: what a reader came for, with its headings, lists, tables and code as Markdown writes them.

Scripts, navigation, forms, and what is hidden are left out; so are the page's own header and footer, where
they stand beside its content. Parsed by Lexbor, as browsers parse it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.datasets.documents.document import NO_TEXT, Document
from workbench.datasets.documents.html_text import HtmlText

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_NO_TEXT = ["script", "style", "noscript", "template"]
_DROPPED = frozenset(
    ("nav", "form", "button", "select", "textarea", "input",
     "iframe", "object", "embed", "svg", "canvas", "audio", "video", "dialog", "head")
)  # fmt: skip
_DROPPED_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog"))
_BESIDE = frozenset(("aside", "footer"))
_LEAST_SHARE = 0.3
"""An article with less of the page's text is one of several things on it."""


def read_html(text: str) -> Document:
    """Raises Refused where there is no text."""
    from selectolax.lexbor import LexborHTMLParser

    parser = LexborHTMLParser(text)
    parser.strip_tags(_NO_TEXT)
    root = _content(parser)
    found = _text(root) if root is not None else ""
    if not found.strip():
        raise NO_TEXT
    title = parser.css_first("title")
    return Document(found, " ".join(title.text().split()) if title is not None else "")


def _content(parser: LexborHTMLParser) -> LexborNode | None:
    """The element that says it is the content, where exactly one does, else the whole body."""
    body = parser.body
    if body is None:
        return None
    least = _LEAST_SHARE * len(body.text())
    for selector in ("main, [role=main]", "article"):
        named = parser.css(selector)
        if len(named) == 1 and len(named[0].text()) > least:
            return named[0]
    return body


def _text(root: LexborNode) -> str:
    """In the order of the document, and without recursion, as elements may be nested to any depth."""
    text = HtmlText()
    node, depth = root.first_child, 0
    while node is not None:
        if node.is_text_node:
            text.say(node.text_content or "")
        elif node.is_element_node and not _is_dropped(node):
            text.open(node.tag or "")
            if node.first_child is not None:
                node, depth = node.first_child, depth + 1
                continue
            text.close(node.tag or "")
        while node.next is None and depth and node.parent is not None:
            node, depth = node.parent, depth - 1
            text.close(node.tag or "")
        node = node.next
    return text.finished()


def _is_dropped(node: LexborNode) -> bool:
    if node.tag in _DROPPED:
        return True
    attributes = node.attributes
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    if (attributes.get("role") or "") in _DROPPED_ROLES:
        return True
    if "display:none" in (attributes.get("style") or "").replace(" ", "").lower():
        return True
    return (node.tag in _BESIDE or (node.tag == "header" and node.css_first("h1") is None)) and not _is_inner(
        node
    )


def _is_inner(node: LexborNode) -> bool:
    """Whether it belongs to an article, not to the page."""
    above = node.parent
    while above is not None:
        if above.tag == "article":
            return True
        above = above.parent
    return False
