"""What an engine asks when a request has a constraint: check it ahead, then begin to keep to it.

Costs nothing before the first constraint. Knows nothing of batches or sampling.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from workbench.backend import TokenRequest
from workbench.constraining.matching import Matching, TokenIds

if TYPE_CHECKING:
    from workbench.constraining.grammars import Grammars
    from workbench.constraining.token_table import Vocabulary


class Enforcer:
    """Bound to a model's vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._opening = threading.Lock()
        self._opened: Grammars | None = None
        self._ends: TokenIds | None = None

    def prepare(self, request: TokenRequest) -> None:
        """Compile the request's constraint, on any thread. Raises InvalidConstraint."""
        if request.constraint is not None:
            self._grammars().matcher(request.constraint)

    def begin(self, request: TokenRequest) -> Matching | None:
        """The request's way through its constraint, if it has one. Raises InvalidConstraint."""
        if request.constraint is None:
            return None
        grammars = self._grammars()
        matcher = grammars.matcher(request.constraint)
        if request.ignore_end:
            return Matching(matcher, grammars.executor, self._end_tokens())
        return Matching(matcher, grammars.executor)

    def close(self) -> None:
        """Wait for what is being found, which reads the vocabulary. Idempotent."""
        if self._opened is not None:
            self._opened.close()

    def _grammars(self) -> Grammars:
        from workbench.constraining.grammars import Grammars  # takes a while to import

        with self._opening:
            if self._opened is None:
                self._opened = Grammars(self._vocabulary)
            return self._opened

    def _end_tokens(self) -> TokenIds:
        if self._ends is None:
            self._ends = np.array(sorted(self._vocabulary.end_tokens), np.intp)
        return self._ends
