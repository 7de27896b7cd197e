"""Vectors of texts, and how an Engine is asked for them. Plain values; knows no engine."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TypeAlias

Vector: TypeAlias = "array[float]"
"""Numbers of 32 bits: array("f"), shape (embedding_length,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRequest:
    """Texts as tokens, each of which gets one vector; with `rank`, pairs that are to be scored."""

    id: int
    inputs: tuple[tuple[int, ...], ...]
    rank: bool = False


@dataclass(frozen=True, slots=True)
class Embedded:
    """The one event of an EmbeddingRequest: the vectors of its inputs, in their order.

    They have unit length; of pairs, they are what the model's classification head says.
    """

    request_id: int
    vectors: tuple[Vector, ...]
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors of several inputs, in their order, and how many tokens all inputs have."""

    vectors: tuple[Vector, ...]
    prompt_tokens: int
