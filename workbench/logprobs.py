"""Log-probabilities of a token and its alternatives, from a row of raw logits. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.events import SampledToken, TokenLogprob


def sampled_token(
    row: NDArray[np.float32], token: int, alternatives: int, piece: Callable[[int], bytes]
) -> SampledToken:
    """Log-softmax of `row`, shape (vocabulary_size,), at the token and at the most likely ones."""
    highest = float(row.max())
    total = highest + float(np.log(np.exp(row - highest, dtype=np.float64).sum()))

    def at(index: int) -> TokenLogprob:
        return TokenLogprob(piece(index), float(row[index]) - total)

    alternatives = min(alternatives, len(row))
    if not alternatives:
        return SampledToken(at(token))
    best = np.argpartition(row, -alternatives)[-alternatives:]
    best = best[np.argsort(-row[best], kind="stable")]
    return SampledToken(at(token), tuple(at(int(index)) for index in best))
