"""One answer on its way through a grammar: which tokens may come next, and when it is complete.

The next tokens are found on another thread while llama.cpp computes their logits. Knows nothing of sampling.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InvalidConstraint, WorkbenchError

if TYPE_CHECKING:
    from llguidance import LLMatcher

TokenIds = NDArray[np.int32]


class Matching:
    """Owns a matcher, which its own thread and the executor's use in turn."""

    def __init__(self, matcher: LLMatcher, executor: Executor, avoided: TokenIds | None = None) -> None:
        """`avoided`: tokens that are allowed only where no other is."""
        self._matcher = matcher
        self._executor = executor
        self._avoided = avoided
        self._allowed = self._look_ahead()

    def ready(self, seconds: float) -> bool:
        """Whether the next tokens are known, at the latest after so long."""
        return bool(wait([self._allowed], seconds).done)

    def allowed(self) -> TokenIds:
        """The ids that may come next, in rising order, at least one. Raises InvalidConstraint for none."""
        return self._allowed.result()

    def take(self, token: int) -> bool:
        """Go on after an allowed token; True when the answer is complete. Raises InvalidConstraint."""
        if not self._matcher.consume_token(token):
            raise self._failure()
        if self._matcher.is_stopped():
            return True
        self._allowed = self._look_ahead()
        return False

    def _look_ahead(self) -> Future[TokenIds]:
        return self._executor.submit(self._find)

    def _find(self) -> TokenIds:
        mask = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        if self._matcher.is_error():
            raise self._failure()
        found = np.flatnonzero(np.unpackbits(mask, bitorder="little")).astype(np.int32)
        if self._avoided is not None:
            others = np.setdiff1d(found, self._avoided, assume_unique=True)
            found = others if len(others) else found
        if not len(found):
            raise self._failure()
        return found

    def _failure(self) -> WorkbenchError:
        said = self._matcher.get_error().split("\n")[0] or "no token of this model fits"
        return InvalidConstraint(
            f"The answer cannot go on as its constraint wants: {said}.", "Ask for something simpler."
        )
