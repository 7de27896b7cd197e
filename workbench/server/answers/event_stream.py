"""A stream of server-sent events. Knows nothing of what the events hold."""

from __future__ import annotations

from msgspec import Struct

from workbench.openai_dialect.error_body import error_body
from workbench.openai_dialect.wire import encode
from workbench.server.answers.answer_stream import AnswerStream


def data(encoded: bytes) -> bytes:
    return b"data: " + encoded + b"\n\n"


def named(event: Struct) -> bytes:
    """An event whose name is the type that its data gives as well."""
    return f"event: {event.__struct_config__.tag}\n".encode() + data(encode(event))


def comment(text: str) -> bytes:
    """A line that clients skip."""
    return b": " + text.encode() + b"\n\n"


class EventStream(AnswerStream):
    """The messages are whole events. Ends with [DONE], or with an event that holds the error."""

    media_type = "text/event-stream"
    ending = data(b"[DONE]")
    keep_alive = comment("keep-alive")

    def failure(self, error: Exception) -> bytes:
        return data(encode(error_body(error)))
