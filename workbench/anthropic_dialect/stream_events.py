"""The events of a stream. The type of each is on the wire twice: as the event's name, and in its data."""

from __future__ import annotations

from msgspec import Struct

from workbench.anthropic_dialect.message import AnsweredMessage, ContentBlock, MessageUsage, StopReason


class MessageStart(Struct, tag="message_start"):
    message: AnsweredMessage


class ContentBlockStart(Struct, tag="content_block_start"):
    index: int
    content_block: ContentBlock


class TextPiece(Struct, tag="text_delta"):
    text: str


class ThinkingPiece(Struct, tag="thinking_delta"):
    thinking: str


class SignaturePiece(Struct, tag="signature_delta"):
    signature: str


class InputPiece(Struct, tag="input_json_delta"):
    partial_json: str


Piece = TextPiece | ThinkingPiece | SignaturePiece | InputPiece


class ContentBlockDelta(Struct, tag="content_block_delta"):
    index: int
    delta: Piece


class ContentBlockStop(Struct, tag="content_block_stop"):
    index: int


class MessageEnd(Struct):
    stop_reason: StopReason
    stop_sequence: str | None


class MessageDelta(Struct, tag="message_delta"):
    delta: MessageEnd
    usage: MessageUsage


class MessageStop(Struct, tag="message_stop"):
    pass


class Ping(Struct, tag="ping"):
    """Keeps the connection alive and means nothing."""


StreamEvent = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | Ping
)
