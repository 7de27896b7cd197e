"""What settings are tuned for. Knows nothing of how it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["generation", "prompt", "serving"]
KINDS: tuple[Kind, ...] = get_args(Kind)
USUAL_REQUESTS = 4
"""That are served at once where nobody says how many."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Writing one answer, reading one prompt, or serving so many requests at once."""

    kind: Kind = "generation"
    parallel: int = 1

    def __str__(self) -> str:
        return f"{self.kind} {self.parallel}" if self.kind == "serving" else self.kind
