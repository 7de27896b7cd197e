"""A model card on the screen: its publisher's Markdown, in a form that can neither steer nor stop the app.

Knows nothing of the hub.
"""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static
from textual.widgets.markdown import MarkdownFence

LONGEST = 40_000
"""Characters that are looked at."""
MOST_WIDGETS = 500
"""Each takes about a millisecond to draw, and none of the app's own keys works meanwhile."""

_WIDGETS = {"list_item_open": 4, "fence": 2, "code_block": 2}


@dataclass(frozen=True, slots=True)
class CardText:
    """As much of a card as is shown, and whether that is less than all of it."""

    markdown: str
    cut: bool


def bounded(markdown: str) -> CardText:
    """The beginning that is drawn in a moment. A hostile card takes time; call this off the event loop."""
    kept = markdown[:LONGEST]
    lines = kept.split("\n")
    widgets = start = 0
    for token in _parser().parse(kept):
        if token.map:
            start = token.map[0]
        widgets += _cost(token)
        if widgets > MOST_WIDGETS:
            return CardText("\n".join(lines[:start]), True)
    return CardText(kept, len(kept) < len(markdown))


def _cost(token: Token) -> int:
    """Roughly how many widgets are made for it."""
    if token.type in _WIDGETS:
        return _WIDGETS[token.type]
    return int(token.nesting == 1 or token.type == "hr")


def _parser() -> MarkdownIt:
    """HTML is shown as it was written."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class PlainCode(MarkdownFence):
    """Code without colours: to find its language, or to follow its grammar, can take very long."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        return Content(code)


class CardMarkdown(Markdown):
    """Opens no links by itself."""

    BLOCKS = {**Markdown.BLOCKS, "fence": PlainCode, "code_block": PlainCode}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__(parser_factory=_parser, open_links=False)


class ModelCard(VerticalScroll):
    """The card, or why there is none to see."""

    def compose(self) -> ComposeResult:
        yield CardMarkdown()
        yield Static(id="remark", markup=False)

    async def show(self, markdown: str, remark: str = "") -> None:
        """The remark stands below."""
        await self.query_one(Markdown).update(markdown)
        self.remark(remark)

    def remark(self, text: str) -> None:
        self.query_one("#remark", Static).update(text)
