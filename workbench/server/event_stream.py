"""A response of server-sent events that keeps itself alive, and ends at once when nobody wants it.

The status line waits for the first event, so that a request that is refused gets a proper HTTP error.
Starlette's StreamingResponse does neither. Knows nothing of what the events hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workbench.openai_dialect.error_body import error_body
from workbench.openai_dialect.wire import encode
from workbench.server.cancellation import ClientGone, while_wanted
from workbench.server.error_responses import log_unexpected

KEEP_ALIVE_SECONDS = 5.0
_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
_DONE = b"data: [DONE]\n\n"


def data(encoded: bytes) -> bytes:
    return b"data: " + encoded + b"\n\n"


def comment(text: str) -> bytes:
    """A line that clients skip."""
    return b": " + text.encode() + b"\n\n"


class EventStream(Response):
    """Sends the messages, which are whole events, then [DONE], or an error event where they fail."""

    media_type = "text/event-stream"

    def __init__(
        self,
        messages: AsyncGenerator[bytes],
        stopping: asyncio.Event,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._messages = messages
        self._stopping = stopping
        self._keep_alive_seconds = keep_alive_seconds
        self._started = False
        self._quiet = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        last = _DONE
        try:
            await while_wanted(self._write(send), receive, self._stopping)
        except ClientGone:
            return
        except Exception as error:  # whatever it is, a stream that has begun must say so and end
            if not self._started:
                raise
            log_unexpected(error)
            last = data(encode(error_body(error)))
        await self._send(send, last, more=False)

    async def _write(self, send: Send) -> None:
        keep_alive = asyncio.create_task(self._keep_alive(send))
        try:
            async with aclosing(self._messages) as messages:
                async for message in messages:
                    await self._send(send, message)
        finally:
            keep_alive.cancel()
            await asyncio.gather(keep_alive, return_exceptions=True)

    async def _keep_alive(self, send: Send) -> None:
        while True:
            self._quiet = True
            await asyncio.sleep(self._keep_alive_seconds)
            if self._quiet:
                await self._send(send, comment("keep-alive"))

    async def _send(self, send: Send, message: bytes, *, more: bool = True) -> None:
        self._quiet = False
        if not self._started:
            self._started = True
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": message, "more_body": more})
