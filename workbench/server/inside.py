"""Requests that come from the server itself: to its routes, past what only guards the door.

Knows nothing of who sends them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import Message, Scope

from workbench.server.answers.error_responses import HANDLERS


def caller_of(app: Starlette) -> Callable[[str, bytes], Awaitable[tuple[int, bytes]]]:
    """A function that posts a JSON body to a path, and returns the status and the body of the answer.

    It never returns once the application is stopping, so that nothing is taken for an answer that is none.
    """
    routes = ExceptionMiddleware(app.router, handlers=dict(HANDLERS))

    async def post(path: str, body: bytes) -> tuple[int, bytes]:
        exchange = _Exchange(body)
        await routes(_scope(app, path), exchange.receive, exchange.send)
        if app.state.stopping.is_set():
            await asyncio.Event().wait()
        return exchange.status, bytes(exchange.answer)

    return post


class _Exchange:
    """A client that sends its whole body, waits, and keeps what it is sent."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.status = 500
        self.answer = bytearray()

    async def receive(self) -> Message:
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.answer += message.get("body", b"")


def _scope(app: Starlette, path: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": None,
        "server": ("localhost", None),
        "app": app,
        "state": {},
    }
