"""The doors of the server: by which name it is called, from which page, and with which key.

A page on another site can point its own name at 127.0.0.1 and so read what answers there; its requests carry
that name as Host, or its site as Origin, and are refused. Knows nothing of routes but the open one, /health.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.openai_dialect.error_body import refusal
from workbench.server.access.caller import NOBODY, Caller, act_for
from workbench.server.access.keys import Key
from workbench.server.access.rate import Allowance, RateLimiter
from workbench.server.access.rules import AccessRules, host_of
from workbench.server.answers.error_responses import error_response

_OPEN_PATH = "/health"


class Doorway:
    """Refuses names that are not the server's, and pages that have no business here."""

    def __init__(self, app: ASGIApp, *, rules: AccessRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (message := self._objection(Headers(scope=scope))):
            await _refuse(scope, receive, send, 403, "host_not_allowed", message)
        else:
            await self._app(scope, receive, send)

    def _objection(self, headers: Headers) -> str:
        host, origin = host_of(f"//{headers.get('host', '')}"), headers.get("origin", "")
        if not self._rules.is_host_allowed(host):
            names = ", ".join(("localhost", *sorted(self._rules.hosts)))
            return f"This server does not answer to that name. Call it as one of: {names}."
        if not self._rules.is_page_allowed(origin, host):
            return "Pages of that origin may not call this server. --cors-origin lets them."
        return ""


class Access:
    """Finds out who asks, and refuses those without a key, or who ask more often than theirs allows."""

    def __init__(self, app: ASGIApp, *, rules: AccessRules, rates: RateLimiter) -> None:
        self._app = app
        self._rules = rules
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._rules.keys is None or not self._rules.keys.is_wanted:
            act_for(Caller(admin=self._rules.loopback, address=_address(scope)))
            await self._app(scope, receive, send)
            return
        key = self._rules.keys.find(_sent_key(Headers(scope=scope)))
        if key is not None:
            await self._answer(key, scope, receive, send)
        elif scope["path"] == _OPEN_PATH:
            act_for(NOBODY)
            await self._app(scope, receive, send)
        else:
            message = "The API key is missing or wrong. Send it as: Authorization: Bearer KEY."
            headers = {"www-authenticate": "Bearer"}
            await _refuse(scope, receive, send, 401, "invalid_api_key", message, headers)

    async def _answer(self, key: Key, scope: Scope, receive: Receive, send: Send) -> None:
        act_for(key.holder(_address(scope)))
        if key.per_minute is None or scope["path"] == _OPEN_PATH:
            await self._app(scope, receive, send)
        else:
            await self._answer_within(self._rates.ask(key.name, key.per_minute), key, scope, receive, send)

    async def _answer_within(
        self, allowance: Allowance, key: Key, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(allowance.headers)
            await send(message)

        if allowance.granted:
            await self._app(scope, receive, send_with_headers)
            return
        message = (
            f"Rate limit reached for the key {key.name!r} on requests per minute: limit {allowance.limit}. "
            f"Please try again in {allowance.wait:.3g}s."
        )
        await _refuse(scope, receive, send_with_headers, 429, "rate_limit_exceeded", message)


def _sent_key(headers: Headers) -> str:
    """What follows Bearer, or what Anthropic's clients send."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else headers.get("x-api-key", "")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    body = refusal(message, status, code=code)
    await error_response(scope["path"], body, status, headers)(scope, receive, send)
