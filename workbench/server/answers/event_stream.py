"""A stream of server-sent events. Knows nothing of what the events hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct

from workbench.openai_dialect.error_body import error_body
from workbench.openai_dialect.wire import encode
from workbench.server.answers.answer_stream import AnswerStream, Preparation


def data(encoded: bytes) -> bytes:
    return b"data: " + encoded + b"\n\n"


def named(event: Struct) -> bytes:
    """An event whose name is the type that its data gives as well."""
    return f"event: {event.__struct_config__.tag}\n".encode() + data(encode(event))


def comment(text: str) -> bytes:
    """A line that clients skip."""
    return b": " + text.encode() + b"\n\n"


class EventStream(AnswerStream):
    """The messages are whole events. While none comes it says how far the model is loaded, or `keep_alive`.

    `loading` tells the loaded share from 0 to 1, or None while nothing is being loaded.
    """

    media_type = "text/event-stream"
    keep_alive: ClassVar[bytes] = comment("keep-alive")

    def __init__(
        self,
        prepare: Preparation,
        stopping: asyncio.Event,
        keep_alive_seconds: float,
        loading: Callable[[], float | None],
    ) -> None:
        super().__init__(prepare, stopping, keep_alive_seconds)
        self._loading = loading

    def sign_of_life(self) -> bytes:
        share = self._loading()
        return self.keep_alive if share is None else comment(f"loading {share:.0%}")


class ChunkStream(EventStream):
    """Ends with [DONE], or with an event that holds the error."""

    ending = data(b"[DONE]")

    def failure(self, error: Exception) -> bytes:
        return data(encode(error_body(error)))
