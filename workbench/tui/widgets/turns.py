"""The turns of a conversation as they are seen: the question, and the answer as it streams.

Knows nothing of where answers come from.
"""

from __future__ import annotations

import asyncio
import time

from markdown_it import MarkdownIt
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Markdown, Static

from workbench.chat.meter import Meter, Reading
from workbench.tui.widgets.live_line import LiveLine
from workbench.tui.widgets.thoughts import Thoughts

INTERVAL = 0.1
RESTRAINT = 4
"""Seconds of rest for each second of drawing: the model needs the processor more than the screen does."""


def _parser() -> MarkdownIt:
    """GitHub's Markdown with HTML shown as it was written; models write tags that readers should see."""
    return MarkdownIt("gfm-like", {"html": False})


class Question(Static):
    """What the person asked, as typed."""

    def __init__(self, text: str) -> None:
        super().__init__(text, markup=False)


class Answer(Vertical):
    """What the model said, and the line that tells how fast.

    Text is gathered and shown a few times a second, less often where drawing it is slow.
    """

    def __init__(self, text: str = "", reasoning: str = "") -> None:
        super().__init__()
        self.text = text
        self.reasoning = reasoning
        self._unseen = ""
        self._ticker: Timer | None = None
        self._rest_until = 0.0
        self._drawing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield Thoughts(self.reasoning)
        yield Markdown(self.text, parser_factory=_parser, open_links=False)
        yield LiveLine()

    @property
    def line(self) -> LiveLine:
        return self.query_one(LiveLine)

    def begin(self, meter: Meter) -> None:
        """Show text and numbers from now on, until `end`."""

        async def tick() -> None:
            async with self._drawing:
                self.line.show(meter.reading())
                if time.monotonic() >= self._rest_until:
                    await self._show_text()

        self._ticker = self.set_interval(INTERVAL, tick)

    def add(self, text: str) -> None:
        self.text += text
        self._unseen += text

    def think(self, text: str) -> None:
        """More of what comes before the answer."""
        self.reasoning += text

    async def end(self, reading: Reading | None, remark: str = "") -> None:
        """Show all that was said, the last reading and why it ended early, if it did."""
        async with self._drawing:  # stopping a timer cancels what it is doing, and half-drawn text is lost
            if self._ticker is not None:
                self._ticker.stop()
            if self.is_attached:
                self.line.show(reading, remark)
                await self._show_text()

    async def _show_text(self) -> None:
        self.query_one(Thoughts).show(self.reasoning)
        text, self._unseen = self._unseen, ""
        if text:
            started = time.monotonic()
            await self.query_one(Markdown).append(text)
            ended = time.monotonic()
            self._rest_until = ended + RESTRAINT * (ended - started)
