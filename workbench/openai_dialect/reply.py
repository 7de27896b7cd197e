"""The form that events take on the wire: chunks of a stream, or one whole answer.

A Reply is made for one request and knows its choices by index. What a choice looks like is left to its two
kinds, chat and completion. Knows nothing of sending.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from msgspec import UNSET, Struct, UnsetType

from workbench.answer import collected_calls
from workbench.conversation import ToolCall
from workbench.events import Event, Finished, ReasoningDelta, SampledToken, TextDelta, ToolCallDelta, Usage
from workbench.openai_dialect.context_report import ContextReport
from workbench.openai_dialect.timings import GenerationTimings, timings_of
from workbench.openai_dialect.usage import UsageCounts, summed

Choice = TypeVar("Choice", bound=Struct)
AnswerDelta = TextDelta | ReasoningDelta | ToolCallDelta


class Envelope(Struct, Generic[Choice], kw_only=True):
    """What every chunk and every answer carries around its choices.

    `notices` is an extension: what was done otherwise than asked.
    """

    id: str
    object: str
    created: int
    model: str
    system_fingerprint: str | None = None
    choices: Sequence[Choice]
    usage: UsageCounts | UnsetType | None = UNSET
    timings: GenerationTimings | UnsetType = UNSET
    context: ContextReport | UnsetType = UNSET
    notices: Sequence[str] | UnsetType = UNSET


@dataclass(slots=True)
class CollectedAnswer:
    """One choice, gathered from its events."""

    deltas: list[AnswerDelta] = field(default_factory=list)
    finished: Finished = field(default_factory=lambda: Finished("stop"))

    @property
    def text(self) -> str:
        return "".join(delta.text for delta in self.deltas if isinstance(delta, TextDelta))

    @property
    def reasoning(self) -> str:
        return "".join(delta.text for delta in self.deltas if isinstance(delta, ReasoningDelta))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return collected_calls(delta for delta in self.deltas if isinstance(delta, ToolCallDelta))

    @property
    def logprobs(self) -> tuple[SampledToken, ...]:
        """Those of the text, as OpenAI has it: neither of reasoning nor of calls."""
        texts = (delta for delta in self.deltas if isinstance(delta, TextDelta))
        return tuple(token for delta in texts for token in delta.logprobs)


class Reply(ABC):
    """Makes the wire objects of one answer.

    Attributes:
        context: Tells what was left out of the context until now, where that is to be told.
    """

    id_prefix: ClassVar[str]
    chunk_object: ClassVar[str]
    whole_object: ClassVar[str]

    def __init__(
        self, model: str, fingerprint: str, choices_per_prompt: int, *, include_usage: bool = False
    ) -> None:
        self.include_usage = include_usage
        self.context: Callable[[], ContextReport | UnsetType] = lambda: UNSET
        self._id = f"{self.id_prefix}-{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._model = model
        self._fingerprint = fingerprint
        self._choices_per_prompt = choices_per_prompt
        self._usage_of_chunks: UnsetType | None = None if include_usage else UNSET

    @abstractmethod
    def opening(self, index: int, first: Event) -> Struct | None:
        """The chunk that goes before the first event of a choice's answer, if there is one."""

    @abstractmethod
    def delta(self, index: int, delta: AnswerDelta) -> Struct: ...

    @abstractmethod
    def ending(self, index: int, finished: Finished) -> Struct: ...

    @abstractmethod
    def whole(self, answers: Sequence[CollectedAnswer]) -> Struct: ...

    def usage(self, usages: Sequence[Usage]) -> Struct:
        """The chunk with no choices that closes a stream whose client asked for token counts."""
        chunk: Envelope[Struct] = self._chunk([])
        chunk.usage = summed(usages, self._choices_per_prompt)
        return chunk

    def _chunk(self, choices: Sequence[Choice]) -> Envelope[Choice]:
        return Envelope(
            id=self._id,
            object=self.chunk_object,
            created=self._created,
            model=self._model,
            system_fingerprint=self._fingerprint,
            choices=choices,
            usage=self._usage_of_chunks,
        )

    def _ending_chunk(self, choice: Choice, finished: Finished) -> Envelope[Choice]:
        chunk = self._chunk([choice])
        chunk.timings = timings_of(finished)
        chunk.context = self.context()
        chunk.notices = finished.notices or UNSET
        return chunk

    def _answer(self, choices: Sequence[Choice], answers: Sequence[CollectedAnswer]) -> Envelope[Choice]:
        answer = self._chunk(choices)
        answer.object = self.whole_object
        answer.context = self.context()
        told = [notice for each in answers for notice in each.finished.notices]
        answer.notices = list(dict.fromkeys(told)) or UNSET
        answer.usage = summed([each.finished.usage for each in answers], self._choices_per_prompt)
        if len(answers) == 1:
            answer.timings = timings_of(answers[0].finished)
        return answer
