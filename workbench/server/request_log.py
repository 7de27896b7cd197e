"""A number for each request, and a line of JSON about each where that is wanted.

Prompts are left out of it, unless they are asked for as well. Knows nothing of where the lines go.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.server.access.caller import caller

_MOST_LOGGED = 64 * 1024


@dataclass(frozen=True, slots=True)
class Logging:
    """Where the lines go; `prompts` puts the beginning of each request's body into them."""

    write: Callable[[str], None]
    prompts: bool = False


class RequestLog:
    """Numbers requests as OpenAI does, in x-request-id."""

    def __init__(self, app: ASGIApp, *, logging: Logging | None) -> None:
        self._app = app
        self._logging = logging

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, f"req_{secrets.token_hex(12)}")
        try:
            await self._app(scope, exchange.receiving(receive, self._logging), exchange.sending(send))
        finally:
            if self._logging is not None:
                self._logging.write(exchange.line(self._logging.prompts))


class _Exchange:
    """What is noted of one request while it is answered."""

    def __init__(self, scope: Scope, number: str) -> None:
        self._scope = scope
        self._number = number
        self._started = time.perf_counter()
        self._status: int | None = None
        self._sent = 0
        self._body = bytearray()

    def receiving(self, receive: Receive, logging: Logging | None) -> Receive:
        if logging is None or not logging.prompts:
            return receive

        async def received() -> Message:
            message = await receive()
            if len(self._body) < _MOST_LOGGED:
                self._body += message.get("body", b"")
            return message

        return received

    def sending(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = self._number
            else:
                self._sent += len(message.get("body", b""))
            await send(message)

        return sent

    def line(self, prompts: bool) -> str:
        """`status` is null where the client went away before there was one."""
        client = self._scope.get("client")
        told: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": self._number,
            "key": caller().name or None,
            "address": client[0] if client else None,
            "method": self._scope["method"],
            "path": self._scope["path"],
            "status": self._status,
            "seconds": round(time.perf_counter() - self._started, 4),
            "bytes_sent": self._sent,
        }
        if prompts:
            told["body"] = self._body[:_MOST_LOGGED].decode(errors="replace")
        return msgspec.json.encode(told).decode()
