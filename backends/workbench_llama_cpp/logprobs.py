"""Log-probabilities of a token and its alternatives, from a row of raw logits. Knows no request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.events import SampledToken, TokenLogprob
from workbench_llama_cpp.binding import llama


def logits(context: Any, row: int, vocabulary_size: int) -> NDArray[np.float32]:
    """The logits that the last decode left for batch position `row`; valid until the next one."""
    return np.ctypeslib.as_array(llama().llama_get_logits_ith(context, row), (vocabulary_size,))


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
