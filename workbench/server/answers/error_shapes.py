"""What an error looks like, route by route: OpenAI's body, unless the route speaks another dialect."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from workbench.anthropic_dialect.error_body import anthropic_error
from workbench.ollama_dialect.error_body import ollama_error
from workbench.openai_dialect.error_body import ErrorBody, ErrorDetail

ErrorShape = Callable[[ErrorDetail, int], Struct]
"""From the error and its HTTP status to the body that is sent."""

_SHAPES: dict[str, ErrorShape] = {"/api/": ollama_error, "/v1/messages": anthropic_error}


def error_shape(path: str) -> ErrorShape:
    """That of the first entry with which the path begins."""
    return next((shape for beginning, shape in _SHAPES.items() if path.startswith(beginning)), _openai)


def _openai(detail: ErrorDetail, status: int) -> ErrorBody:
    return ErrorBody(detail)
