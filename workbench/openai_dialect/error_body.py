"""The error object, and which HTTP status, type and code each of our errors has in this dialect."""

from __future__ import annotations

from msgspec import Struct

from workbench.errors import WorkbenchError

_STATUSES = {
    "invalid_request": 400,
    "invalid_parameter": 400,
    "invalid_constraint": 400,
    "invalid_json_schema": 400,
    "invalid_function_parameters": 400,
    "unsupported": 400,
    "unsupported_parameter": 400,
    "context_length_exceeded": 400,
    "previous_response_not_found": 400,
    "access_denied": 403,
    "model_not_found": 404,
    "not_found": 404,
    "unreachable": 502,
    "no_space": 507,
    "does_not_fit": 503,
    "engine_unavailable": 503,
    "engine_died": 503,
    "load_cancelled": 503,
    "server_stopping": 503,
    "overloaded": 503,
}
_TYPES = {403: "permission_error", 429: "requests"}


class ErrorDetail(Struct, kw_only=True):
    """`param` names the parameter at fault; `code` is our error's kind, or OpenAI's name for the case."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(Struct):
    """What is sent in place of an answer."""

    error: ErrorDetail


def status_of(error: Exception) -> int:
    return _STATUSES.get(error.kind, 500) if isinstance(error, WorkbenchError) else 500


def error_body(error: Exception) -> ErrorBody:
    """An error that is not ours is named in the log only: its text may hold what no client should read."""
    if not isinstance(error, WorkbenchError):
        return refusal("The server failed on this request. Its log says why.", 500, code="internal_error")
    param = getattr(error, "param", "model" if error.kind == "model_not_found" else None)
    return refusal(str(error), status_of(error), code=error.kind, param=param)


def refusal(message: str, status: int, *, code: str | None = None, param: str | None = None) -> ErrorBody:
    type_ = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    return ErrorBody(ErrorDetail(message=message, type=type_, param=param, code=code))
