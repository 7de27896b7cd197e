"""Turns away what is too much: headers that are too long, and more requests than the server holds.

Knows nothing of who asks.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from workbench.openai_dialect.error_body import error_body, refusal
from workbench.server.access.limits import Limits, Overloaded
from workbench.server.answers.error_responses import error_response


class Admission:
    """Counts the requests that make work."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > self._limits.header_bytes:
            message = f"The headers are larger than {self._limits.header_bytes} bytes. Send fewer."
            body = refusal(message, 431, code="headers_too_large")
            await error_response(scope["path"], body, 431)(scope, receive, send)
        elif scope["method"] == "GET":
            await self._app(scope, receive, send)
        elif self._running >= self._limits.requests:
            error = Overloaded(f"The server already has {self._running} requests to answer.")
            headers = {"retry-after": str(error.retry_after)}
            await error_response(scope["path"], error_body(error), 503, headers)(scope, receive, send)
        else:
            self._running += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._running -= 1
