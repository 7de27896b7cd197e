"""The bodies of POST /api/embed and of its older form, /api/embeddings."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from workbench.ollama_dialect.keep_alive import KeepAlive
from workbench.ollama_dialect.requests import Name
from workbench.openai_dialect.parameter_errors import InvalidParameter


class OllamaEmbedRequest(Struct, kw_only=True):
    """Texts of which vectors are wanted, if any.

    Unless `truncate` is false, what is too long is cut at its end.
    """

    model: Name
    input: str | list[str]
    truncate: bool | None = None
    dimensions: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    keep_alive: KeepAlive | None = None

    def texts(self) -> list[str]:
        """Raises InvalidParameter."""
        if not self.input:
            return []
        texts = [self.input] if isinstance(self.input, str) else self.input
        if not all(texts):
            raise InvalidParameter("input holds an empty text.", "Send at least one word.", "input")
        return texts


class OllamaEmbeddings(Struct, kw_only=True):
    """The vectors, of unit length. `truncated` is an extension: how many of the texts were cut."""

    model: str
    embeddings: list[list[float]]
    total_duration: int
    load_duration: int
    prompt_eval_count: int
    truncated: int = 0


class OllamaEmbeddingRequest(Struct, kw_only=True):
    """One text, in the older form."""

    model: Name
    prompt: str = ""
    keep_alive: KeepAlive | None = None


class OllamaEmbedding(Struct):
    """One vector, in the older form."""

    embedding: list[float]
