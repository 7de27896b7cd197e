"""Passes over a model that are timed for themselves, and how an Engine is asked for them. Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRequest:
    """Compute `tokens` after those that are `held`, draw none, and tell nobody until it is done.

    They are read `together`, as a prompt is, or one by one, as an answer is written: as llama-bench does it.
    """

    id: int
    held: tuple[int, ...]
    tokens: tuple[int, ...]
    together: bool


@dataclass(frozen=True, slots=True)
class PassesTimed:
    """The one event of a PassRequest: the seconds that its tokens took, without those that were held."""

    request_id: int
    seconds: float
