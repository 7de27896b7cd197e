"""Who may ask: the API key, and for a server bound to loopback the names a browser may call it by.

A page on another site can point its own name at 127.0.0.1 and so read what answers there; its requests carry
that name as Host, or its site as Origin, and are refused. Knows nothing of routes but the open one, /health.
"""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from workbench.openai_dialect.error_body import refusal
from workbench.server.error_responses import error_response

_OPEN_PATH = "/health"


def is_loopback(host: str) -> bool:
    """Whether the host name or address, without a port, means this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Lets a request through or answers it with 401 or 403."""

    def __init__(self, app: ASGIApp, *, api_key: str | None, loopback_only: bool) -> None:
        self._app = app
        self._credentials = None if api_key is None else f"Bearer {api_key}".encode()
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._loopback_only and not _is_local(headers):
            message = "This server answers to localhost only. Call it as localhost or 127.0.0.1."
            refused = error_response(scope["path"], refusal(message, 403, code="host_not_allowed"), 403)
            await refused(scope, receive, send)
        elif scope["path"] != _OPEN_PATH and not self._has_key(headers):
            message = "The API key is missing or wrong. Send it as: Authorization: Bearer KEY."
            body = refusal(message, 401, code="invalid_api_key")
            refused = error_response(scope["path"], body, 401, {"www-authenticate": "Bearer"})
            await refused(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _has_key(self, headers: Headers) -> bool:
        if self._credentials is None:
            return True
        sent = headers.get("authorization", "").encode("latin-1")
        return secrets.compare_digest(sent, self._credentials)


def _is_local(headers: Headers) -> bool:
    origin = headers.get("origin", "")
    foreign_page = origin.startswith(("http://", "https://")) and not is_loopback(_host(origin))
    return is_loopback(_host(f"//{headers.get('host', '')}")) and not foreign_page


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
