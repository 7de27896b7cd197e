"""A conversation that goes on: what was said so far, its place in the history, and who answers.

Knows nothing of how lines are read.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from workbench.backend import Provider
from workbench.chat.history import History, answered
from workbench.cli.answering import Answer, give
from workbench.cli.terminal import StreamWithStatus
from workbench.conversation import Conversation, Message
from workbench.events import Finished
from workbench.generation import Generation


class ChatSession:
    """One model and the conversation held with it; `id` is None until the first turn is kept."""

    def __init__(
        self, model: str, provider: Provider, history: History, manner: Generation, system: str | None
    ) -> None:
        self.model = model
        self.id: int | None = None
        self.questions: list[str] = []
        self.provider = provider
        self._history = history
        self._manner = manner
        self._beginning = Conversation((Message("system", system),) if system else ())
        self._spoken = self._beginning

    @property
    def context_length(self) -> int:
        return self.provider.facts.context_length

    def begin_anew(self) -> None:
        self.id, self._spoken = None, self._beginning

    def resume(self, conversation_id: int, earlier: Conversation) -> None:
        self.id, self._spoken = conversation_id, answered(earlier)
        self.questions = [message.content for message in earlier.messages if message.role == "user"]

    def ask(self, runner: asyncio.Runner, line: str) -> Answer:
        """One turn, kept as it is said. An interrupt stops the answer; what there is of it counts."""
        asked = self._spoken + Message("user", line)
        self._keep(asked.messages[-1])
        answer = Answer(self.context_length)
        stream = StreamWithStatus()
        manner = replace(self._manner, prompt=asked)
        try:
            with suppress(KeyboardInterrupt):
                runner.run(give(self.provider, manner, answer, stream.write, stream.think, stream.status))
        finally:
            stream.end()
        self._spoken = asked + Message("assistant", answer.text, answer.reasoning)
        self._keep(self._spoken.messages[-1], answer.finished)
        return answer

    def _keep(self, message: Message, finished: Finished | None = None) -> None:
        if self.id is None:
            self.id = self._history.start(self.model)
            for opening in self._beginning.messages:
                self._history.append(self.id, opening)
        self._history.append(self.id, message, finished)
