"""A server's stream as events, with what it leaves out counted here. Knows nothing of connections."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import msgspec

from workbench.constraint import Constraint
from workbench.errors import Unsupported, WorkbenchError
from workbench.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    SampledToken,
    TextDelta,
    Timings,
    ToolCallDelta,
    Usage,
)
from workbench.generation import Generation
from workbench.openai_client import chunks
from workbench.openai_client.calls import Calls
from workbench.openai_client.failures import Place, Refused, said_in

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "content_filter": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_NO_LOGPROBS = Unsupported(
    "The server gives no log-probabilities for this model.", "Ask without them, or ask another server."
)


@dataclass(slots=True)
class AnswerReader:
    """One answer, chunk by chunk; it was asked for when the performance counter said `started`."""

    place: Place
    generation: Generation
    started: float
    notices: list[str] = field(default_factory=list)
    _first: float = 0.0
    _last: float = 0.0
    _tokens: int = 0
    _usage: Usage | None = None
    _writing: float = 0.0
    _reason: str = ""
    _stop: str = ""
    _text: list[str] = field(default_factory=list)
    _calls: Calls = field(default_factory=Calls)

    async def events(self, data: AsyncIterator[bytes]) -> AsyncIterator[Event]:
        """Raises Unreachable for a stream that ends too soon, and what the server tells in it."""
        async for one in data:
            if one.strip() == b"[DONE]":
                break
            for event in self._read(self._chunk(one)):
                self._count(event)
                yield event
        if not self._reason:
            raise self.place.cut_off() if self._tokens else self.place.silenced()
        yield self._finished()

    def _chunk(self, data: bytes) -> chunks.Chunk:
        try:
            chunk = chunks.decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if said_in(data) is None or not data.startswith(b'"'):
                raise self.place.garbled("a piece of an answer that is none") from None
            chunk = chunks.Chunk()
        if chunk.choices is None and chunk.usage is None and (said := said_in(data)) is not None:
            error = self.place.refusal(400 if "context" in said.message else 500, data)
            raise error.error if isinstance(error, Refused) else error
        return chunk

    def _read(self, chunk: chunks.Chunk) -> Iterator[Event]:
        if chunk.usage is not None and chunk.usage.completion_tokens is not None:
            self._usage = chunk.usage.usage
        if chunk.timings is not None:
            self._writing = chunk.timings.seconds or self._writing
        if chunk.words is not None and chunk.words.stopping_word:
            self._stop = chunk.words.stopping_word
        self.notices += chunk.notices or ()
        for choice in chunk.choices or ():
            yield from self._deltas(choice)
            self._end(choice)

    def _deltas(self, choice: chunks.Choice) -> Iterator[Event]:
        delta = choice.delta or choice.message or chunks.Delta()
        if delta.thought:
            yield ReasoningDelta(delta.thought, 1)
        text = (choice.text or "") + delta.text
        if text or choice.logprobs is not None:
            yield from self._said(text, choice)
        for place, call in enumerate(delta.calls):
            yield self._calls.take(place, call)

    def _said(self, text: str, choice: chunks.Choice) -> Iterator[Event]:
        top, sampled = self.generation.logprobs, tuple[SampledToken, ...]()
        if top is not None:
            sampled = choice.logprobs.sampled(top) if choice.logprobs is not None else ()
            if not sampled and not self._tokens:
                raise _NO_LOGPROBS
        if text or sampled:
            yield TextDelta(text, len(sampled) or 1, sampled)

    def _end(self, choice: chunks.Choice) -> None:
        if choice.finish_reason:
            self._reason = choice.finish_reason
        told = choice.stop_reason if choice.stop_reason is not None else choice.matched_stop
        if isinstance(told, str) and told in self.generation.stop:
            self._stop = told

    def _count(self, event: Event) -> None:
        if isinstance(event, TextDelta | ReasoningDelta | ToolCallDelta):
            self._last = time.perf_counter()
            self._first = self._first or self._last
            self._tokens += event.tokens
        if isinstance(event, TextDelta):
            self._text.append(event.text)

    def _finished(self) -> Finished:
        reason = _REASONS.get(self._reason)
        if reason is None:
            raise WorkbenchError(
                f"The server at {self.place.server} ended the answer with {self._reason[:40]!r}.",
                "Ask again.",
            )
        if self._reason == "content_filter":
            self.notices.append("The server cut the answer off: its filter objects to the content.")
        if self._calls and reason == "stop":
            reason = "tool_calls"
        if self._usage is None:
            self.notices.append("The server counts no tokens: those of the answer were counted as they came.")
        self._check_form(reason)
        if self.generation.tool_use.choice == "required" and not self._calls:
            self.notices.append("The server did not have the model make the call that was required.")
        usage = self._usage or Usage(completion_tokens=self._tokens)
        if not self._first:
            timings = Timings(time.perf_counter() - self.started, 0.0)
        else:
            timings = Timings(self._first - self.started, self._writing or self._last - self._first)
        return Finished(reason, usage, timings, self._stop, tuple(dict.fromkeys(self.notices)))

    def _check_form(self, reason: FinishReason) -> None:
        match self.generation.constraint:
            case Constraint("json_schema") if reason == "stop" and not self._calls:
                try:
                    json.loads("".join(self._text))
                except ValueError:
                    self.notices.append("The server did not keep the answer to its form: it is no JSON.")
