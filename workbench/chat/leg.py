"""One part of an answer as an engine is asked for it. Most answers have one.

Plain values. Knows nothing of formats.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.constraint import Constraint
from workbench.conversation import Medium


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What is continued, the form and length of what follows, and the control tokens that are shown in it.

    `media` belong where the prompt has marks.
    """

    prompt: str | tuple[int, ...]
    constraint: Constraint | None = None
    max_tokens: int | None = None
    shown: tuple[int, ...] = ()
    media: tuple[Medium, ...] = ()
