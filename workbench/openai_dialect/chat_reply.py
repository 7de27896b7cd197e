"""The answers of /v1/chat/completions: a whole one, and the chunks of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from workbench.events import Event, Finished, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta
from workbench.openai_dialect.chat_logprobs import ChatLogprobs, chat_logprobs
from workbench.openai_dialect.chat_message import CalledFunction
from workbench.openai_dialect.reply import AnswerDelta, CollectedAnswer, Envelope, Reply

ChatFinishReason = FinishReason | Literal["function_call"]


class FunctionDelta(Struct, kw_only=True):
    """More of a called function: its name comes once and first."""

    name: str | UnsetType = UNSET
    arguments: str = ""


class ToolCallChunk(Struct, kw_only=True):
    """More of the call of that index; its id and type come with its name."""

    index: int
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET
    function: FunctionDelta


class ChatDelta(Struct, kw_only=True):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType | None = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[ToolCallChunk] | UnsetType = UNSET
    function_call: FunctionDelta | UnsetType = UNSET


class ChatChunkChoice(Struct, kw_only=True):
    """One choice's share of a chunk. `stop_reason` is vLLM's: the stop string that ended the answer."""

    index: int
    delta: ChatDelta
    logprobs: ChatLogprobs | None = None
    finish_reason: ChatFinishReason | None = None
    stop_reason: str | UnsetType = UNSET


class CompletedToolCall(Struct, kw_only=True):
    """A call that the assistant asks for."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class AssistantMessage(Struct, kw_only=True):
    """The whole answer; `content` is null where there are calls alone."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[CompletedToolCall] | UnsetType = UNSET
    function_call: CalledFunction | UnsetType = UNSET


class ChatChoice(Struct, kw_only=True):
    """One of the answers."""

    index: int
    message: AssistantMessage
    logprobs: ChatLogprobs | None = None
    finish_reason: ChatFinishReason
    stop_reason: str | UnsetType = UNSET


ChatChunk = Envelope[ChatChunkChoice]
ChatCompletion = Envelope[ChatChoice]


class ChatReply(Reply):
    """Makes the wire objects of one chat answer.

    `calls_functions` writes a call in OpenAI's older form. `function_named`: the request says which function
    is called, and an answer that calls it then just stops, as OpenAI has it.
    """

    id_prefix = "chatcmpl"
    chunk_object = "chat.completion.chunk"
    whole_object = "chat.completion"

    def __init__(
        self,
        model: str,
        fingerprint: str,
        choices_per_prompt: int,
        *,
        include_usage: bool = False,
        calls_functions: bool = False,
        function_named: bool = False,
    ) -> None:
        super().__init__(model, fingerprint, choices_per_prompt, include_usage=include_usage)
        self._calls_functions = calls_functions
        self._function_named = function_named

    def opening(self, index: int, first: Event) -> ChatChunk:
        content = None if isinstance(first, ToolCallDelta) else ""
        return self._chunk([ChatChunkChoice(index=index, delta=ChatDelta(role="assistant", content=content))])

    def delta(self, index: int, delta: AnswerDelta) -> ChatChunk:
        logprobs = None
        match delta:
            case TextDelta(text):
                added = ChatDelta(content=text)
                logprobs = chat_logprobs(delta.logprobs) if delta.logprobs else None
            case ReasoningDelta(text):
                added = ChatDelta(reasoning_content=text)
            case ToolCallDelta() if self._calls_functions:
                added = ChatDelta(function_call=_function(delta))
            case ToolCallDelta():
                added = ChatDelta(tool_calls=[_call_chunk(delta)])
        return self._chunk([ChatChunkChoice(index=index, delta=added, logprobs=logprobs)])

    def ending(self, index: int, finished: Finished) -> ChatChunk:
        reason = self._reason(finished)
        choice = ChatChunkChoice(index=index, delta=ChatDelta(), finish_reason=reason)
        choice.stop_reason = finished.stop_sequence or UNSET
        return self._ending_chunk(choice, finished)

    def whole(self, answers: Sequence[CollectedAnswer]) -> ChatCompletion:
        return self._answer([self._choice(index, answer) for index, answer in enumerate(answers)], answers)

    def _choice(self, index: int, answer: CollectedAnswer) -> ChatChoice:
        sampled = answer.logprobs
        return ChatChoice(
            index=index,
            message=self._message(answer),
            logprobs=chat_logprobs(sampled) if sampled else None,
            finish_reason=self._reason(answer.finished),
            stop_reason=answer.finished.stop_sequence or UNSET,
        )

    def _message(self, answer: CollectedAnswer) -> AssistantMessage:
        message = AssistantMessage(content=answer.text)
        if answer.reasoning:
            message.reasoning_content = answer.reasoning
        calls = answer.tool_calls
        if calls:
            message.content = answer.text or None
            functions = [CalledFunction(name=call.name, arguments=call.arguments) for call in calls]
            if self._calls_functions:
                message.function_call = functions[0]
            else:
                message.tool_calls = [
                    CompletedToolCall(id=call.id, function=function)
                    for call, function in zip(calls, functions, strict=True)
                ]
        return message

    def _reason(self, finished: Finished) -> ChatFinishReason:
        if finished.reason != "tool_calls":
            return finished.reason
        if self._function_named:
            return "stop"
        return "function_call" if self._calls_functions else "tool_calls"


def _function(delta: ToolCallDelta) -> FunctionDelta:
    return FunctionDelta(name=delta.name or UNSET, arguments=delta.arguments)


def _call_chunk(delta: ToolCallDelta) -> ToolCallChunk:
    chunk = ToolCallChunk(index=delta.index, function=_function(delta))
    if delta.name:
        chunk.id, chunk.type = delta.id, "function"
    return chunk
