"""Exceptions as HTTP responses: the error body of the route's dialect for everything that goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from workbench.errors import WorkbenchError
from workbench.openai_dialect.error_body import ErrorBody, error_body, refusal, status_of
from workbench.server.answers.cancellation import ClientGone
from workbench.server.answers.error_shapes import error_shape
from workbench.server.answers.json_response import json_response

_LOG = logging.getLogger(__name__)
_CLIENT_CLOSED_REQUEST = 499


def error_response(
    path: str, body: ErrorBody, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """The error as the dialect of that path writes it."""
    return json_response(error_shape(path)(body.error, status), status, headers)


async def on_workbench_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, WorkbenchError)
    wait = getattr(error, "retry_after", None)
    headers = None if wait is None else {"retry-after": str(wait)}
    return error_response(request.url.path, error_body(error), status_of(error), headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the router refuses: unknown routes and wrong methods, and bodies over the limit."""
    assert isinstance(error, HTTPException)
    place = f"{request.method} {request.url.path[:200]}"
    messages = {
        404: f"There is no route {place}. GET /openapi.json lists those that there are.",
        405: f"{place} is not allowed. Use {(error.headers or {}).get('Allow', 'another method')}.",
    }
    codes = {
        404: "unknown_url",
        405: "method_not_allowed",
        408: "request_timeout",
        413: "request_too_large",
        415: "unsupported_media_type",
    }
    message = messages.get(error.status_code, error.detail)
    body = refusal(message, error.status_code, code=codes.get(error.status_code))
    return error_response(request.url.path, body, error.status_code, error.headers)


async def on_client_gone(request: Request, error: Exception) -> Response:
    """Nobody reads this; it only ends the exchange."""
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """Starlette raises the error again after this, and uvicorn logs it with its traceback."""
    return error_response(request.url.path, error_body(error), 500)


def log_unexpected(error: Exception) -> None:
    """For a failure in a stream that has begun, which goes through none of the handlers."""
    if not isinstance(error, WorkbenchError):
        _LOG.error("A stream failed.", exc_info=error)


HANDLERS = {
    WorkbenchError: on_workbench_error,
    HTTPException: on_http_exception,
    ClientDisconnect: on_client_gone,
    ClientGone: on_client_gone,
    Exception: on_unexpected,
}
