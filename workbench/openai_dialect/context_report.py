"""An extension of ours to requests and answers: what becomes of what is longer than the model's context."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ContextPolicy = Literal["error", "truncate", "shift"]
"""Refuse it, leave out the oldest turns of the prompt, or also go on when the answer fills the context."""


class ContextReport(Struct, kw_only=True):
    """What was left out, over all choices; sent where a policy was asked for."""

    policy: ContextPolicy
    dropped_messages: int
    dropped_tokens: int
