"""A text as windows of tokens, of which the second half is judged, as llama-perplexity does it.

So every judged token has at least half a window before it. Where a model begins texts with a token of its
own, that takes the place of each window's first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InvalidRequest

SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one text.

    Attributes:
        tokens: In shape (windows, context), the first token of each as it stood in the text.
        first_token: What takes its place when the window is computed, or None.
    """

    tokens: NDArray[np.int32]
    first_token: int | None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def context(self) -> int:
        return int(self.tokens.shape[1])

    @property
    def first(self) -> int:
        """The first position in a window whose next token is judged."""
        return self.context // 2

    @property
    def judged(self) -> int:
        """Tokens of each window that are judged."""
        return self.context - 1 - self.first

    def computed(self, number: int) -> NDArray[np.int32]:
        """The tokens to compute; the last one is only there to be judged."""
        tokens = self.tokens[number, :-1].copy()
        if self.first_token is not None:
            tokens[0] = self.first_token
        return tokens

    def targets(self, number: int) -> NDArray[np.int32]:
        return self.tokens[number, self.first + 1 :]


def windows(
    tokens: Sequence[int] | NDArray[np.int32], context: int, first_token: int | None, most: int | None = None
) -> Windows:
    """The first `most` windows, or all. Raises InvalidRequest where the text does not fill one."""
    if context < SHORTEST:
        raise InvalidRequest(
            f"A window of {context} tokens is too short.", f"Use --context {SHORTEST} or more."
        )
    count = len(tokens) // context
    if not count:
        raise InvalidRequest(
            f"The text has {len(tokens)} tokens, which do not fill a window of {context}.",
            "Give more text, or a smaller --context.",
        )
    every = np.asarray(tokens, np.int32)
    kept = min(count, most or count)
    return Windows(every[: kept * context].reshape(kept, context), first_token)
