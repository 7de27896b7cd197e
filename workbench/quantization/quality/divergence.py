"""How far a model's expectations at each judged token are from its base's, by llama-perplexity's formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.quantization.quality.log_probs import RANGE, Expected


@dataclass(frozen=True, slots=True)
class TokenScores:
    """One number of each kind for each judged token, in nats where not said otherwise.

    Attributes:
        losses: The negative log-probability of the token that is there; `base_losses` is the base's.
        divergences: The Kullback-Leibler divergence of the expectations from the base's.
        same_top: 1 where both hold the same token for the likeliest, else 0.
    """

    losses: NDArray[np.float32]
    base_losses: NDArray[np.float32]
    divergences: NDArray[np.float32]
    same_top: NDArray[np.float32]

    @property
    def columns(self) -> tuple[NDArray[np.float32], ...]:
        return self.losses, self.base_losses, self.divergences, self.same_top

    def stored(self) -> bytes:
        return b"".join(column.astype("<f4").tobytes() for column in self.columns)

    @classmethod
    def restored(cls, content: bytes) -> TokenScores:
        return cls(*np.frombuffer(content, "<f4").reshape(4, -1))

    @classmethod
    def joined(cls, parts: Sequence[TokenScores]) -> TokenScores:
        return cls(*map(np.concatenate, zip(*(part.columns for part in parts), strict=True)))


def compared(base: Expected, log_probs: NDArray[np.float32], targets: NDArray[np.int32]) -> TokenScores:
    """Scores of some rows; `log_probs` is the other model's, in shape (rows, vocabulary)."""
    expected = base.log_probs()
    possible = expected > -RANGE
    terms = np.where(possible, np.exp(expected) * (expected - log_probs), 0)
    losses = -log_probs[np.arange(len(targets)), targets]
    same_top = log_probs.argmax(axis=1) == base.likeliest
    divergences = terms.sum(axis=1, dtype=np.float64).astype(np.float32)
    return TokenScores(losses, base.losses, divergences, same_top.astype(np.float32))


def of_base(base: Expected) -> TokenScores:
    """The base's own scores: it does not differ from itself."""
    nothing = np.zeros_like(base.losses)
    return TokenScores(base.losses, base.losses, nothing, np.ones_like(nothing))
