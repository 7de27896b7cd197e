"""The form that events take in Anthropic's API: the events of a stream and, gathered from them, the message.

A MessageReply is made for one request. Knows nothing of sending.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from workbench.anthropic_dialect.message import (
    AnsweredMessage,
    ContentBlock,
    MessageUsage,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    stop_reason_of,
    usage_of,
)
from workbench.anthropic_dialect.stream_events import (
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    InputPiece,
    MessageDelta,
    MessageEnd,
    MessageStart,
    MessageStop,
    Piece,
    Ping,
    SignaturePiece,
    StreamEvent,
    TextPiece,
    ThinkingPiece,
)
from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from workbench.openai_dialect.event_translator import EventTranslator


class MessageReply(EventTranslator[StreamEvent]):
    """Takes the events of one answer in order; `message` is the answer so far."""

    def __init__(self, model: str, *, shows_thinking: bool = True) -> None:
        self._shows_thinking = shows_thinking
        id = f"msg_{secrets.token_hex(12)}"
        self.message = AnsweredMessage(id=id, model=model, content=[], usage=MessageUsage())
        self._started = False
        self._open = False
        self._call: int | None = None
        self._arguments = ""

    def take(self, event: Event) -> list[StreamEvent]:
        """The stream events that it means."""
        return [*self._start(event), *self.translated(event)]

    def _start(self, event: Event) -> Iterator[StreamEvent]:
        if self._started:
            return
        self._started = True
        if isinstance(event, Prefill):
            self.message.usage = usage_of(Usage(event.total, event.cached))
        yield MessageStart(msgspec.structs.replace(self.message, content=[]))

    def _prefilled(self) -> Iterator[StreamEvent]:
        yield Ping()

    def _text(self, delta: TextDelta) -> Iterator[StreamEvent]:
        block = self._last()
        if not isinstance(block, TextBlock):
            yield from self._begin(block := TextBlock())
        block.text += delta.text
        yield self._delta(TextPiece(delta.text))

    def _thought(self, delta: ReasoningDelta) -> Iterator[StreamEvent]:
        block = self._last()
        if not isinstance(block, ThinkingBlock):
            yield from self._begin(block := ThinkingBlock())
        if self._shows_thinking:
            block.thinking += delta.text
            yield self._delta(ThinkingPiece(delta.text))

    def _called(self, delta: ToolCallDelta) -> Iterator[StreamEvent]:
        if not self._open or delta.index != self._call:
            yield from self._begin(ToolUseBlock(delta.id, delta.name, {}))
            self._call = delta.index
        self._arguments += delta.arguments
        if delta.arguments:
            yield self._delta(InputPiece(delta.arguments))

    def _finish(self, finished: Finished) -> Iterator[StreamEvent]:
        yield from self._end()
        self.message.usage = usage_of(finished.usage)
        self.message.stop_reason = stop_reason_of(finished)
        self.message.stop_sequence = finished.stop_sequence or None
        end = MessageEnd(self.message.stop_reason, self.message.stop_sequence)
        yield MessageDelta(end, self.message.usage)
        yield MessageStop()

    def _last(self) -> ContentBlock | None:
        return self.message.content[-1] if self._open else None

    def _begin(self, block: ContentBlock) -> Iterator[StreamEvent]:
        yield from self._end()
        self.message.content.append(block)
        self._open = True
        yield ContentBlockStart(self._index, msgspec.structs.replace(block))

    def _end(self) -> Iterator[StreamEvent]:
        match self._last():
            case None:
                return
            case ToolUseBlock() as block:
                block.input = _input(self._arguments)
            case ThinkingBlock(signature=signature):
                yield self._delta(SignaturePiece(signature))
            case TextBlock():
                pass
        self._open, self._call, self._arguments = False, None, ""
        yield ContentBlockStop(self._index)

    @property
    def _index(self) -> int:
        return len(self.message.content) - 1

    def _delta(self, piece: Piece) -> ContentBlockDelta:
        return ContentBlockDelta(self._index, piece)


def _input(arguments: str) -> dict[str, Any]:
    """The arguments as an object; what is none goes by the name that Anthropic's own guide gives it."""
    try:
        decoded = msgspec.json.decode(arguments or "{}")
    except msgspec.DecodeError:
        decoded = None
    return decoded if isinstance(decoded, dict) else {"INVALID_JSON": arguments}
