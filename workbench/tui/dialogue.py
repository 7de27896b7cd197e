"""The conversation on the screen and its record in the history.

A history that cannot be written is reported once and the conversation goes on. Knows nothing of screens.
"""

from __future__ import annotations

from collections.abc import Callable

from workbench.chat.history import ConversationSummary, History, answered
from workbench.conversation import Conversation, Message
from workbench.errors import WorkbenchError
from workbench.events import Finished


class Dialogue:
    """Keeps what is said, in memory and on disk."""

    def __init__(self, history: Callable[[], History], report: Callable[[WorkbenchError], None]) -> None:
        self.conversation = Conversation()
        self._open_history = history
        self._history: History | None = None
        self._record: int | None = None
        self._report = report
        self._unwritable = False

    def ask(self, question: str, model: str) -> Conversation:
        """Add a question, and give the conversation as the model is to see it."""
        asked = Message("user", question)
        seen = answered(self.conversation) + asked
        self._keep(asked, model)
        return seen

    def answer(self, answer: Message, finished: Finished | None, model: str) -> None:
        """Add what was answered; `finished` is None when it was stopped. Nothing said is nothing kept."""
        if answer.content or answer.reasoning:
            self._keep(answer, model, finished)

    def reopen(self, summary: ConversationSummary) -> None:
        """Go on with an earlier conversation. Raises WorkbenchError when it cannot be read."""
        self.conversation = self._opened().conversation(summary.id)
        self._record = summary.id

    def start_anew(self) -> None:
        self.conversation, self._record = Conversation(), None

    def earlier(self) -> list[ConversationSummary]:
        """The latest conversations. Raises WorkbenchError when they cannot be read."""
        return self._opened().recent()

    def close(self) -> None:
        if self._history is not None:
            self._history.close()
            self._history = None

    def _opened(self) -> History:
        if self._history is None:
            self._history = self._open_history()
        return self._history

    def _keep(self, message: Message, model: str, finished: Finished | None = None) -> None:
        self.conversation += message
        try:
            if self._record is None:
                self._record = self._opened().start(model)
            self._opened().append(self._record, message, finished)
        except WorkbenchError as error:
            if not self._unwritable:
                self._report(error)
            self._unwritable = True
