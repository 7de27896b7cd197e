"""A response that is sent piece by piece, and ends at once when nobody wants it.

The status line waits for the first piece, so that a request that is refused gets a proper HTTP error.
Starlette's StreamingResponse does not. Knows nothing of what the pieces hold.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import ClassVar

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workbench.server.answers.cancellation import ClientGone, while_wanted
from workbench.server.answers.error_responses import log_unexpected

KEEP_ALIVE_SECONDS = 5.0
Preparation = Callable[[MutableHeaders], Awaitable[AsyncGenerator[bytes]]]
"""Does what comes before the messages, which may take long and change the headers, and gives them."""
_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


class AnswerStream(Response):
    """Sends the messages, then what ends them, or what tells of their failure.

    Attributes:
        ending: What follows the last message.
    """

    ending: ClassVar[bytes] = b""

    @abstractmethod
    def failure(self, error: Exception) -> bytes:
        """What ends a stream that had begun when this happened."""

    def sign_of_life(self) -> bytes:
        """What is sent when nothing else was for a while; nothing where clients cannot skip it."""
        return b""

    def __init__(
        self,
        prepare: Preparation,
        stopping: asyncio.Event,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._prepare = prepare
        self._stopping = stopping
        self._keep_alive_seconds = keep_alive_seconds
        self._started = False
        self._quiet = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        last = self.ending
        try:
            await while_wanted(self._write(send), receive, self._stopping)
        except ClientGone:
            return
        except Exception as error:  # whatever it is, a stream that has begun must say so and end
            if not self._started:
                raise
            log_unexpected(error)
            last = self.failure(error)
        await self._send(send, last, more=False)

    async def _write(self, send: Send) -> None:
        keep_alive = asyncio.create_task(self._stay_alive(send))
        try:
            async with aclosing(await self._prepare(self.headers)) as messages:
                async for message in messages:
                    await self._send(send, message)
        finally:
            keep_alive.cancel()
            await asyncio.gather(keep_alive, return_exceptions=True)

    async def _stay_alive(self, send: Send) -> None:
        while True:
            self._quiet = True
            await asyncio.sleep(self._keep_alive_seconds)
            if self._quiet and (sign := self.sign_of_life()):
                await self._send(send, sign)

    async def _send(self, send: Send, message: bytes, *, more: bool = True) -> None:
        self._quiet = False
        if not self._started:
            self._started = True
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": message, "more_body": more})
