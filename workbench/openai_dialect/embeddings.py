"""The bodies of POST /v1/embeddings."""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from math import sqrt
from typing import Annotated, Literal

from msgspec import Meta, Struct

from workbench.embedding import Embeddings, Vector
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.openai_dialect.texts_or_tokens import TextsOrTokens, texts_or_tokens

MOST_INPUTS = 2048


class EmbeddingsRequest(Struct, kw_only=True):
    """Texts of which vectors are wanted; `dimensions` keeps the first numbers of each."""

    model: str
    input: TextsOrTokens
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None

    def texts(self) -> list[str | tuple[int, ...]]:
        """Raises InvalidParameter."""
        texts = texts_or_tokens(self.input, "input")
        if len(texts) > MOST_INPUTS:
            raise InvalidParameter(
                f"input holds {len(texts)} texts, and {MOST_INPUTS} are the most.", "Send fewer.", "input"
            )
        for position, text in enumerate(texts):
            if not text:
                place = "input" if isinstance(self.input, str) or len(texts) == 1 else f"input[{position}]"
                raise InvalidParameter(f"{place} is empty.", "Send at least one word.", place)
        return texts

    def check(self, embedding_length: int) -> None:
        """Raise InvalidParameter where vectors of that length do not have as many dimensions."""
        if self.dimensions is not None and self.dimensions > embedding_length:
            raise InvalidParameter(
                f"dimensions is {self.dimensions}, and the model's vectors have {embedding_length}.",
                "Send a smaller number, or leave it out.",
                "dimensions",
            )

    def answer(self, embeddings: Embeddings) -> EmbeddingList:
        vectors = [shortened(vector, self.dimensions) for vector in embeddings.vectors]
        written = _base64 if self.encoding_format == "base64" else list
        return EmbeddingList(
            data=[
                EmbeddingObject(embedding=written(vector), index=index)
                for index, vector in enumerate(vectors)
            ],
            model=self.model,
            usage=InputUsage(embeddings.prompt_tokens, embeddings.prompt_tokens),
        )


class EmbeddingObject(Struct, kw_only=True):
    """One vector of unit length; as base64 it is 32-bit numbers, the least significant byte first."""

    object: str = "embedding"
    embedding: list[float] | str
    index: int


class InputUsage(Struct):
    """Tokens read; nothing is written."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Struct, kw_only=True):
    """The vectors, in the order of the texts."""

    object: str = "list"
    data: list[EmbeddingObject]
    model: str
    usage: InputUsage


def shortened(vector: Vector, dimensions: int | None) -> Vector:
    """The first numbers of a vector, scaled to unit length again; all of it where that is not asked for."""
    if dimensions is None or dimensions >= len(vector):
        return vector
    kept = vector[:dimensions]
    norm = sqrt(sum(number * number for number in kept)) or 1.0
    return array("f", [number / norm for number in kept])


def _base64(vector: Vector) -> str:
    if sys.byteorder == "big":
        vector = vector[:]
        vector.byteswap()
    return b64encode(vector.tobytes()).decode()
