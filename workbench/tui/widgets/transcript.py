"""The conversation on the screen. It stays at the end while text comes, until the reader scrolls away.

Knows nothing of models or of what is kept.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget

from workbench.conversation import Conversation
from workbench.errors import WorkbenchError
from workbench.tui.widgets.intro import Intro
from workbench.tui.widgets.problem import Problem
from workbench.tui.widgets.turns import Answer, Question


class Transcript(VerticalScroll):
    """Questions, answers and problems, oldest first."""

    HELP = """
## The conversation

Select text with the mouse; it is copied when the button is let go. **y** copies the last answer.
"""

    def compose(self) -> ComposeResult:
        with Vertical(id="turns"):
            yield Intro()

    def on_mount(self) -> None:
        self.anchor()

    @property
    def _turns(self) -> Vertical:
        return self.query_one("#turns", Vertical)

    async def show(self, conversation: Conversation) -> None:
        """Replace every turn; the introduction stays."""
        with self.app.batch_update():
            await self._turns.remove_children("Question, Answer, Problem")
            await self._turns.mount_all(_turns(conversation))
        self.anchor()

    async def ask(self, question: str) -> Answer:
        """Add a question and the empty answer to it, and go to the end."""
        answer = Answer()
        await self._turns.mount_all([Question(question), answer])
        self.anchor()
        return answer

    async def withdraw(self, answer: Answer) -> None:
        """Take back a question that was never answered."""
        position = self._turns.children.index(answer)
        await self._turns.remove_children(self._turns.children[position - 1 : position + 1])

    async def report(self, error: WorkbenchError) -> None:
        await self._turns.mount(Problem(error))


def _turns(conversation: Conversation) -> list[Widget]:
    turns: list[Widget] = []
    for message in conversation.messages:
        if message.role == "user":
            turns.append(Question(message.content))
        elif message.role == "assistant":
            turns.append(Answer(message.content, message.reasoning))
    return turns
