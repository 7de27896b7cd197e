"""An answer that is held to a constraint, as the filters of both generators ask for it.

A generator cannot bear that a filter fails: what goes wrong is kept, and told of the request afterwards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.constraining.matching import Matching
from workbench.errors import InvalidConstraint

PATIENCE_SECONDS = 0.005
"""How long a step waits to learn that the answer is complete; else the next step finds out."""


class HeldAnswer:
    """One answer on its way.

    Attributes:
        complete: Nothing may follow; what was drawn nevertheless is not part of the answer.
        failure: Why it cannot go on.
        length: Tokens of the answer so far.
    """

    def __init__(self, matching: Matching, ends: frozenset[int], size: int) -> None:
        self._matching = matching
        self._ends = ends
        self._size = size
        self.complete = False
        self.failure: InvalidConstraint | None = None
        self.length = 0

    @property
    def over(self) -> bool:
        return self.complete or self.failure is not None

    def allowed(self) -> NDArray[np.bool_]:
        """Which tokens may come next, shape (vocabulary_size,): those that end an answer when it is over."""
        mask = np.zeros(self._size, np.bool_)
        found = self._find()
        mask[found if len(found) else sorted(self._ends)] = True
        return mask

    def bits(self) -> NDArray[np.int32]:
        """As `allowed`, 32 tokens to a number from the lowest bit up, shape (1, numbers)."""
        padded = np.zeros(-(-self._size // 32) * 32, np.bool_)
        padded[: self._size] = self.allowed()
        return np.packbits(padded, bitorder="little").view(np.int32)[np.newaxis]

    def take(self, token: int) -> None:
        """Go on after a token that was allowed."""
        if self.over:
            return
        if token in self._ends:
            self.complete = True
            return
        self.length += 1
        try:
            self.complete = self._matching.take(token, PATIENCE_SECONDS)
        except InvalidConstraint as error:
            self.failure = error

    def _find(self) -> NDArray[np.intp]:
        none = np.zeros(0, np.intp)
        if self.over:
            return none
        try:
            found = self._matching.allowed()
        except InvalidConstraint as error:
            self.failure = error
            return none
        self.complete = not len(found)
        return found
