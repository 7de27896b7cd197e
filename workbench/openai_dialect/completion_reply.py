"""The answers of /v1/completions: a whole one, and the chunks of a stream, which look alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from workbench.events import Event, Finished, FinishReason, SampledToken, TextDelta
from workbench.openai_dialect.completion_logprobs import CompletionLogprobs, characters, completion_logprobs
from workbench.openai_dialect.reply import AnswerDelta, CollectedAnswer, Envelope, Reply


class CompletionChoice(Struct, kw_only=True):
    """One of the answers, or its share of a chunk. `stop_reason` is the stop string that ended it."""

    text: str
    index: int
    logprobs: CompletionLogprobs | None = None
    finish_reason: FinishReason | None = None
    stop_reason: str | UnsetType = UNSET


Completion = Envelope[CompletionChoice]


class CompletionReply(Reply):
    """Makes the wire objects of one completion; `preface` is what each choice repeats of its prompt."""

    id_prefix = "cmpl"
    chunk_object = "text_completion"
    whole_object = "text_completion"

    def __init__(
        self,
        model: str,
        fingerprint: str,
        choices_per_prompt: int,
        preface: Sequence[str] = (),
        *,
        include_usage: bool = False,
    ) -> None:
        super().__init__(model, fingerprint, choices_per_prompt, include_usage=include_usage)
        self._preface = preface
        self._offsets: defaultdict[int, int] = defaultdict(int)

    def opening(self, index: int, first: Event) -> Completion | None:
        if not self._preface:
            return None
        return self._chunk([CompletionChoice(text=self._preface[index], index=index)])

    def delta(self, index: int, delta: AnswerDelta) -> Completion:
        assert isinstance(delta, TextDelta), "a text is continued with text alone"
        logprobs = self._logprobs(index, delta.logprobs)
        return self._chunk([CompletionChoice(text=delta.text, index=index, logprobs=logprobs)])

    def ending(self, index: int, finished: Finished) -> Completion:
        choice = CompletionChoice(text="", index=index, finish_reason=finished.reason)
        choice.stop_reason = finished.stop_sequence or UNSET
        return self._ending_chunk(choice, finished)

    def whole(self, answers: Sequence[CollectedAnswer]) -> Completion:
        return self._answer([self._choice(index, answer) for index, answer in enumerate(answers)], answers)

    def _choice(self, index: int, answer: CollectedAnswer) -> CompletionChoice:
        preface = self._preface[index] if self._preface else ""
        return CompletionChoice(
            text=preface + answer.text,
            index=index,
            logprobs=self._logprobs(index, answer.logprobs),
            finish_reason=answer.finished.reason,
            stop_reason=answer.finished.stop_sequence or UNSET,
        )

    def _logprobs(self, index: int, sampled: Sequence[SampledToken]) -> CompletionLogprobs | None:
        if not sampled:
            return None
        start = self._offsets[index]
        self._offsets[index] += sum(characters(token.chosen) for token in sampled)
        return completion_logprobs(sampled, start)
