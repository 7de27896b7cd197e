"""The answers of /v1/chat/completions: a whole one, and the chunks of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from workbench.events import Finished, FinishReason, TextDelta
from workbench.openai_dialect.chat_logprobs import ChatLogprobs, chat_logprobs
from workbench.openai_dialect.reply import CollectedAnswer, Envelope, Reply


class ChatDelta(Struct, kw_only=True):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType | None = UNSET


class ChatChunkChoice(Struct, kw_only=True):
    """One choice's share of a chunk."""

    index: int
    delta: ChatDelta
    logprobs: ChatLogprobs | None = None
    finish_reason: FinishReason | None = None


class AssistantMessage(Struct, kw_only=True):
    """The whole answer."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None


class ChatChoice(Struct, kw_only=True):
    """One of the answers."""

    index: int
    message: AssistantMessage
    logprobs: ChatLogprobs | None = None
    finish_reason: FinishReason


ChatChunk = Envelope[ChatChunkChoice]
ChatCompletion = Envelope[ChatChoice]


class ChatReply(Reply):
    """Makes the wire objects of one chat answer."""

    id_prefix = "chatcmpl"
    chunk_object = "chat.completion.chunk"
    whole_object = "chat.completion"

    def opening(self, index: int) -> ChatChunk:
        return self._chunk([ChatChunkChoice(index=index, delta=ChatDelta(role="assistant", content=""))])

    def delta(self, index: int, delta: TextDelta) -> ChatChunk:
        logprobs = chat_logprobs(delta.logprobs) if delta.logprobs else None
        return self._chunk(
            [ChatChunkChoice(index=index, delta=ChatDelta(content=delta.text), logprobs=logprobs)]
        )

    def ending(self, index: int, finished: Finished) -> ChatChunk:
        choice = ChatChunkChoice(index=index, delta=ChatDelta(), finish_reason=finished.reason)
        return self._ending_chunk(choice, finished)

    def whole(self, answers: Sequence[CollectedAnswer]) -> ChatCompletion:
        return self._answer([_choice(index, answer) for index, answer in enumerate(answers)], answers)


def _choice(index: int, answer: CollectedAnswer) -> ChatChoice:
    sampled = answer.logprobs
    return ChatChoice(
        index=index,
        message=AssistantMessage(content=answer.text),
        logprobs=chat_logprobs(sampled) if sampled else None,
        finish_reason=answer.finished.reason,
    )
