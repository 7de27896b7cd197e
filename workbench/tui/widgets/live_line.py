"""The line under an answer: speed, time to first token, context used. It measures nothing."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from workbench import wording
from workbench.chat.meter import Reading
from workbench.tui.widgets.bar import bar

BAR_CELLS = 10


class LiveLine(Static):
    """Shows a reading, in fewer words where there is little room, and a remark before it."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._reading: Reading | None = None
        self._remark = Content()

    def show(self, reading: Reading | None, remark: str = "", style: str = "$foreground 60%") -> None:
        """Without a reading only the remark is shown."""
        self._reading = reading
        self._remark = Content.styled(remark, style) if remark else Content()
        self.refresh(layout=True)

    def render(self) -> Content:
        line = self._line(narrow=False)
        return line if line.cell_length <= self.content_size.width else self._line(narrow=True)

    def _line(self, *, narrow: bool) -> Content:
        parts = [self._remark] if self._remark else []
        if self._reading is not None:
            parts += _words(self._reading, narrow)
        return Content("  ·  ").join(parts)


def _words(reading: Reading, narrow: bool) -> list[Content]:
    """One piece of text for each number that is known."""
    words = []
    if reading.answer_tokens == 0 and reading.prompt_done < reading.prompt_tokens:
        words.append(
            Content(f"reading the prompt, {reading.prompt_done:,} of {reading.prompt_tokens:,} tokens")
        )
        return words
    if reading.tokens_per_second is not None:
        speed = wording.speed(reading.tokens_per_second)
        words.append(Content.assemble((speed, "$foreground"), " tok/s" if narrow else " tokens/s"))
    if reading.time_to_first_token is not None:
        delay = wording.seconds(reading.time_to_first_token)
        words.append(Content.assemble((delay, "$foreground"), "" if narrow else " to first token"))
    if reading.prompt_tokens:
        words.append(_context(reading, narrow))
    return words


def _context(reading: Reading, narrow: bool) -> Content:
    if not reading.context_length:
        return Content.assemble("" if narrow else "context ", (f"{reading.context_used:,}", "$foreground"))
    used = Content.assemble((f"{reading.context_used:,}", "$foreground"), f" / {reading.context_length:,}")
    return used if narrow else Content.assemble("context ", used, " ", _bar(reading))


def _bar(reading: Reading) -> Content:
    share = reading.context_used / reading.context_length
    return bar(share, BAR_CELLS, "$warning" if share > 0.9 else "$primary")
