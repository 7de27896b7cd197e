"""An answer as events: what its format makes of the text that comes, each with its tokens."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from workbench.chat.formats.answer_format import AnswerFormat, Place
from workbench.chat.formats.calls import Calls
from workbench.chat.formats.source import Delta, Pause, Source
from workbench.conversation import Tool
from workbench.events import SampledToken, TextDelta, ToolCallDelta


class AnswerReader:
    """Reads one answer.

    Attributes:
        tokens: How many tokens have come; `reasoning_tokens` of them were thought.
    """

    def __init__(
        self,
        answer_format: AnswerFormat,
        tools: tuple[Tool, ...],
        place: Place,
        pauses: frozenset[Pause] = frozenset(),
    ) -> None:
        self._source = Source(pauses)
        self._calls = Calls(self._source, {tool.name: tool for tool in tools})
        self._reading = answer_format.read(self._source, self._calls, place)
        self._waiting: deque[tuple[int, SampledToken | None]] = (
            deque()
        )  # (first character, its probabilities)
        self._written = ""
        self._position = 0  # characters given out or dropped so far
        self._uncounted = 0
        self.tokens = 0
        self.reasoning_tokens = 0

    @property
    def paused(self) -> Pause | None:
        """Where the answer has to be gone on with in another way, if anywhere."""
        return self._source.paused

    @property
    def thinking(self) -> bool:
        return self._source.thinking

    @property
    def called(self) -> bool:
        return self._calls.begun > 0

    def feed(self, delta: TextDelta) -> list[Delta]:
        """The events that this text completes."""
        position = len(self._written)
        for number in range(delta.tokens):
            sampled = delta.logprobs[number] if number < len(delta.logprobs) else None
            self._waiting.append((position, sampled))
            position += 0 if sampled is None else len(sampled.chosen.token.decode(errors="ignore"))
        self.tokens += delta.tokens
        self._written += delta.text
        self._source.text += delta.text
        return self._read()

    def finish(self) -> list[Delta]:
        """The events of the rest, when no more text comes."""
        self._source.ended = True
        return self._read()

    def cut(self) -> str:
        """Forget what is not read yet, for other text to follow; returns what the answer is until there.

        Where the reader has paused, what it has looked at belongs to the answer.
        """
        self._source.ended = False
        self._source.text = self._source.text[: self._source.at] if self.paused else ""
        self._written = self._written[: self._position + len(self._source.text)]
        while self._waiting and self._waiting[-1][0] >= len(self._written):
            self._waiting.pop()
            self.tokens -= 1
        return self._written

    def go_on_with(self, text: str) -> None:
        """Take this for what the model has written next; it ends what is thought, and says nothing else."""
        self.feed(TextDelta(text, 0))

    def begin_answer(self, opening: str) -> None:
        """The answer itself begins now, after this text."""
        self._source.pauses -= {"answer"}
        self._written += opening
        self._source.text += opening

    def _read(self) -> list[Delta]:
        next(self._reading, None)
        events = [self._counted(*given) for given in self._source.given]
        self._source.given.clear()
        return [event for event in events if event is not None]

    def _counted(self, event: Delta | None, length: int, thought: bool) -> Delta | None:
        """The event with the tokens it is made of; those of text that is dropped count to the next one."""
        self._position += length
        taken: list[SampledToken | None] = []
        while self._waiting and self._waiting[0][0] < self._position:
            taken.append(self._waiting.popleft()[1])
        self.reasoning_tokens += len(taken) if thought else 0
        tokens, self._uncounted = len(taken) + self._uncounted, 0
        match event:
            case None:
                self._uncounted = tokens
                return None
            case ToolCallDelta():
                return replace(event, tokens=tokens)
            case _:
                known = tuple(token for token in taken if token is not None)
                return replace(event, tokens=tokens, logprobs=known)
