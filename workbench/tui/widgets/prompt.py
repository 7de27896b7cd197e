"""Where a question is typed: enter sends, shift+enter or ctrl+j begins a new line, up and down recall.

Knows nothing of models; it posts what was typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.reactive import var
from textual.widgets import TextArea


class Prompt(TextArea):
    """A text area that grows with what is typed and remembers what was sent."""

    HELP = """
## Asking

Type a question and press **enter**. **shift+enter** or **ctrl+j** begins a new line.
**up** on the first line and **down** on the last recall earlier questions.
**page up** and **page down** scroll the conversation.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Send", id="prompt.send"),
        Binding("shift+enter,ctrl+j", "newline", "New line", id="prompt.newline", show=False),
    ]

    accepting: var[bool] = var(True)
    """Whether a question may be sent now; until then it stays where it is typed."""

    @dataclass
    class Submitted(Message):
        """A question is to be asked."""

        text: str

    class Refused(Message):
        """A question was to be sent while none may be."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, compact=True, soft_wrap=True, highlight_cursor_line=False, tab_behavior="focus"
        )
        self._sent: list[str] = []
        self._recalled = 0
        self._draft = ""

    def remember(self, text: str) -> None:
        """Make a question recallable, as the latest."""
        if not self._sent or self._sent[-1] != text:
            self._sent.append(text)
        self._recalled = len(self._sent)

    def write(self, text: str) -> None:
        """Replace what is typed and put the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    async def _on_key(self, event: Key) -> None:
        """Obey the keys that act in their turn among the letters: a priority binding would overtake them."""
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.node is self and active.binding.action in ("submit", "newline"):
            event.stop()
            event.prevent_default()
            await self.run_action(active.binding.action)

    def action_submit(self) -> None:
        text = self.text.strip()
        if text and not self.accepting:
            self.post_message(self.Refused())
        elif text:
            self.remember(text)
            self.clear()
            self.post_message(self.Submitted(text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        at_edge = self.navigator.is_first_wrapped_line(self.cursor_location)
        if select or not at_edge or not self._recall(-1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        at_edge = self.navigator.is_last_wrapped_line(self.cursor_location)
        if select or not at_edge or not self._recall(+1):
            super().action_cursor_down(select)

    def _recall(self, step: int) -> bool:
        """Show the question before or after the one shown; the unsent draft is the last of them."""
        target = self._recalled + step
        if not 0 <= target <= len(self._sent):
            return False
        if self._recalled == len(self._sent):
            self._draft = self.text
        self._recalled = target
        self.write(self._draft if target == len(self._sent) else self._sent[target])
        return True
