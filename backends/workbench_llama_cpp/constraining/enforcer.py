"""What an engine asks when a request has a constraint: check it ahead, then begin to keep to it.

Costs nothing before the first constraint. Knows nothing of batches or sampling.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from workbench.backend import TokenRequest
from workbench_llama_cpp.constraining.matching import Matching, TokenIds
from workbench_llama_cpp.vocabulary import Vocabulary

if TYPE_CHECKING:
    from workbench_llama_cpp.constraining.grammars import Grammars

LOOKING_AHEAD = 4
"""Threads that find the next tokens; one is enough unless some grammars are slow."""


class Enforcer:
    """Bound to a model's vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._executor = ThreadPoolExecutor(LOOKING_AHEAD, "looking-ahead")

    def prepare(self, request: TokenRequest) -> None:
        """Compile the request's constraint, on any thread. Raises InvalidConstraint."""
        if request.constraint is not None:
            self._grammars.matcher(request.constraint)

    def begin(self, request: TokenRequest) -> Matching | None:
        """The request's way through its constraint, if it has one. Raises InvalidConstraint."""
        if request.constraint is None:
            return None
        matcher = self._grammars.matcher(request.constraint)
        return Matching(matcher, self._executor, self._ends if request.ignore_end else None)

    def close(self) -> None:
        """Wait for what is being found, which reads the vocabulary."""
        self._executor.shutdown(cancel_futures=True)

    @cached_property
    def _grammars(self) -> Grammars:
        from workbench_llama_cpp.constraining.grammars import Grammars  # takes a while to import

        return Grammars(self._vocabulary)

    @cached_property
    def _ends(self) -> TokenIds:
        vocabulary = self._vocabulary
        return np.array([token for token in range(vocabulary.size) if vocabulary.ends(token)], np.int32)
