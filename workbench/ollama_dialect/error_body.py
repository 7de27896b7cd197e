"""The error object of Ollama's API: one sentence."""

from __future__ import annotations

from msgspec import Struct

from workbench.openai_dialect.error_body import ErrorDetail


class OllamaError(Struct):
    """What is sent in place of an answer, or as the last line of a stream that fails."""

    error: str


def ollama_error(detail: ErrorDetail, status: int) -> OllamaError:
    return OllamaError(detail.message)
