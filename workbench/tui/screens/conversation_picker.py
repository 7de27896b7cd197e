"""Choose an earlier conversation to go on with."""

from __future__ import annotations

from datetime import datetime

from workbench import wording
from workbench.chat.history import ConversationSummary
from workbench.tui.screens.picker import Picker
from workbench.tui.widgets.choice_list import Choice


class ConversationPicker(Picker[ConversationSummary]):
    """Returns the conversation to open."""

    TITLE = "Earlier conversations"
    NOTHING = "No conversations yet. The first question begins one."
    HELP = """
## Earlier conversations

Type part of a title to narrow the list. The chosen conversation opens where it was left.
"""

    def __init__(self, conversations: list[ConversationSummary], now: datetime) -> None:
        super().__init__()
        self._conversations = conversations
        self._now = now

    async def choices(self) -> list[Choice[ConversationSummary]]:
        return [Choice(summary, summary.title, self._details(summary)) for summary in self._conversations]

    def _details(self, summary: ConversationSummary) -> str:
        when = wording.moment(summary.updated, self._now)
        return "  ·  ".join((when, summary.model, wording.count(summary.messages, "message")))
