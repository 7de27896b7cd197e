"""The error object of Anthropic's API, and the type that it gives each HTTP status."""

from __future__ import annotations

from msgspec import Struct

from workbench.openai_dialect.error_body import ErrorDetail

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}


class AnthropicErrorDetail(Struct):
    """Where in the request what went wrong, and what to do about it."""

    type: str
    message: str


class AnthropicError(Struct, tag="error"):
    """What is sent in place of a message, or as the last event of a stream that fails."""

    error: AnthropicErrorDetail


def anthropic_error(detail: ErrorDetail, status: int) -> AnthropicError:
    usual = "invalid_request_error" if status < 500 else "api_error"
    where = f"{detail.param}: " if detail.param and detail.param not in detail.message else ""
    return AnthropicError(AnthropicErrorDetail(_TYPES.get(status, usual), where + detail.message))
