"""One answer on its way through a grammar: which tokens may come next, and when it is complete.

Both are found out on another thread, the next tokens while the engine computes their logits. Knows nothing
of sampling.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor, Future, wait
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InvalidConstraint

if TYPE_CHECKING:
    from llguidance import LLMatcher

TokenIds = NDArray[np.intp]
_NONE = np.zeros(0, np.intp)

QUICK_SECONDS = 0.001
"""A grammar that took less for its last token may take the next one on the engine's own thread."""


class Matching:
    """Owns a matcher, which is at work on one thread at a time."""

    def __init__(self, matcher: LLMatcher, executor: Executor, avoided: TokenIds = _NONE) -> None:
        """`avoided`: tokens that are allowed only where no other is."""
        self._matcher = matcher
        self._executor = executor
        self._avoided = avoided
        self._quick = True
        self._allowed: Future[TokenIds] = executor.submit(self._find)

    def ready(self, seconds: float) -> bool:
        """Whether the next tokens are known, at the latest after so long."""
        return bool(wait([self._allowed], seconds).done)

    def allowed(self) -> TokenIds:
        """The ids that may come next, in rising order; none when the answer is complete.

        Raises InvalidConstraint when the grammar leads nowhere or takes too much.
        """
        return self._allowed.result()

    def take(self, token: int, seconds: float) -> bool:
        """Go on after an allowed token; True when the answer is known to be complete within so long."""
        if self._quick:  # then another thread would take longer to wake up
            if self._consume(token):
                return True
            self._allowed = self._executor.submit(self._find)
            return False
        complete: Future[bool] = Future()
        self._allowed = self._executor.submit(self._after, token, complete)
        return bool(wait([complete], seconds).done) and complete.result()

    def _after(self, token: int, complete: Future[bool]) -> TokenIds:
        try:
            ended = self._consume(token)
        except InvalidConstraint:
            complete.set_result(False)
            raise
        complete.set_result(ended)
        return _NONE if ended else self._find()

    def _consume(self, token: int) -> bool:
        """True when the answer is complete with it."""
        started = time.perf_counter()
        accepted = self._matcher.consume_token(token)
        self._quick = time.perf_counter() - started < QUICK_SECONDS
        if not accepted:
            raise self._failure()
        return self._matcher.is_stopped()

    def _find(self) -> TokenIds:
        mask = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        found = np.flatnonzero(np.unpackbits(mask, bitorder="little").view(np.bool_))
        if self._matcher.is_error() or not len(found):
            raise self._failure()
        if len(self._avoided):
            others = np.setdiff1d(found, self._avoided, assume_unique=True)
            return others if len(others) else found
        return found

    def _failure(self) -> InvalidConstraint:
        said = self._matcher.get_error().split("\n")[0] or "no token of this model fits"
        return InvalidConstraint(
            f"The answer cannot go on as its constraint wants: {said}.", "Ask for a simpler form."
        )
