"""The answers of /api/chat and /api/generate: the lines of a stream, and one whole answer.

A reply is made for one request and takes the events of its answer in order. Times are nanoseconds. Knows
nothing of sending.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from workbench.answer import collected_calls
from workbench.events import Event, Finished, ReasoningDelta, SampledToken, TextDelta, ToolCallDelta
from workbench.ollama_dialect.messages import CalledFunction, OllamaMessage, OllamaToolCall
from workbench.openai_dialect.chat_logprobs import ChatTokenLogprob, chat_logprobs
from workbench.openai_dialect.event_translator import EventTranslator


class OllamaAnswer(Struct, kw_only=True, omit_defaults=True):
    """A line of a stream, or the whole answer; the counts and times come with its end."""

    model: str
    created_at: str
    message: OllamaMessage | None = None
    response: str | None = None
    thinking: str | None = None
    logprobs: list[ChatTokenLogprob] | None = None
    done: bool | None = None
    done_reason: str | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None


class OllamaReply(EventTranslator[OllamaAnswer]):
    """Takes the events of one answer; `whole` is all of it, once it is finished."""

    def __init__(self, model: str, asked: float, loaded: float) -> None:
        """`asked` and `loaded` are when the request came and its model was there, by the monotonic clock."""
        self._model = model
        self._asked, self._loaded = asked, loaded
        self._said = ""
        self._thinking = ""
        self._calls: list[ToolCallDelta] = []
        self._sampled: list[SampledToken] = []
        self._finished: Finished | None = None

    def take(self, event: Event) -> list[OllamaAnswer]:
        return list(self.translated(event))

    def whole(self) -> OllamaAnswer:
        answer = self._ending()
        self._say(answer, self._said, self._thinking, self._written(self._calls))
        answer.logprobs = self._logprobs(self._sampled)
        return answer

    def empty(self, reason: Literal["load", "unload"]) -> OllamaAnswer:
        """For a request that asked for nothing but the model, or that it goes."""
        answer = self._line(done=True)
        self._say(answer, "", "", [])
        answer.done_reason = reason
        return answer

    @abstractmethod
    def _say(self, line: OllamaAnswer, text: str, thinking: str, calls: list[OllamaToolCall]) -> None:
        """Put these into the line."""

    def _text(self, delta: TextDelta) -> Iterator[OllamaAnswer]:
        self._said += delta.text
        self._sampled += delta.logprobs
        yield self._piece(text=delta.text, sampled=delta.logprobs)

    def _thought(self, delta: ReasoningDelta) -> Iterator[OllamaAnswer]:
        self._thinking += delta.text
        self._sampled += delta.logprobs
        yield self._piece(thinking=delta.text, sampled=delta.logprobs)

    def _called(self, delta: ToolCallDelta) -> Iterator[OllamaAnswer]:
        self._calls.append(delta)
        yield from ()

    def _finish(self, finished: Finished) -> Iterator[OllamaAnswer]:
        self._finished = finished
        if self._calls:
            yield self._piece(calls=self._written(self._calls))
        ending = self._ending()
        self._say(ending, "", "", [])
        yield ending

    def _piece(
        self,
        text: str = "",
        thinking: str = "",
        calls: list[OllamaToolCall] | None = None,
        sampled: tuple[SampledToken, ...] = (),
    ) -> OllamaAnswer:
        line = self._line(done=False)
        self._say(line, text, thinking, calls or [])
        line.logprobs = self._logprobs(list(sampled))
        return line

    def _ending(self) -> OllamaAnswer:
        finished = self._finished or Finished("stop")
        line = self._line(done=True)
        line.done_reason = "length" if finished.reason == "length" else "stop"
        line.total_duration = nanoseconds(time.monotonic() - self._asked)
        line.load_duration = nanoseconds(self._loaded - self._asked)
        line.prompt_eval_count = finished.usage.prompt_tokens
        line.prompt_eval_duration = nanoseconds(finished.timings.time_to_first_token)
        line.eval_count = finished.usage.completion_tokens
        line.eval_duration = nanoseconds(finished.timings.generation_seconds)
        return line

    def _line(self, *, done: bool) -> OllamaAnswer:
        return OllamaAnswer(model=self._model, created_at=datetime.now(UTC).isoformat(), done=done)

    def _written(self, deltas: list[ToolCallDelta]) -> list[OllamaToolCall]:
        return [
            OllamaToolCall(
                id=call.id, function=CalledFunction(name=call.name, arguments=_arguments(call.arguments))
            )
            for call in collected_calls(deltas)
        ]

    def _logprobs(self, sampled: list[SampledToken]) -> list[ChatTokenLogprob] | None:
        return chat_logprobs(sampled).content if sampled else None


class OllamaChatReply(OllamaReply):
    """Of /api/chat: text and calls are parts of a message."""

    def _say(self, line: OllamaAnswer, text: str, thinking: str, calls: list[OllamaToolCall]) -> None:
        line.message = OllamaMessage(
            role="assistant", content=text, thinking=thinking or None, tool_calls=calls or None
        )


class OllamaGenerateReply(OllamaReply):
    """Of /api/generate: the text stands by itself. It has no tools, so there are no calls."""

    def _say(self, line: OllamaAnswer, text: str, thinking: str, calls: list[OllamaToolCall]) -> None:
        line.response = text
        line.thinking = thinking or None


def _arguments(text: str) -> dict[str, object]:
    """The arguments as an object; what is none goes under a name of its own, and nothing is lost."""
    try:
        decoded = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        decoded = None
    return decoded if isinstance(decoded, dict) else {"INVALID_JSON": text}


def nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
