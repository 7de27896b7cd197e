"""Constraints compiled for one vocabulary, or refused with what is wrong in them.

Safe to call from any thread; what was compiled lately is kept. Knows no request.
"""

from __future__ import annotations

import threading
from functools import cached_property, lru_cache

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from workbench.constraint import Constraint
from workbench.errors import InvalidConstraint
from workbench_llama_cpp.constraining.token_table import token_table
from workbench_llama_cpp.constraining.translation import translated
from workbench_llama_cpp.vocabulary import Vocabulary

KEPT = 16
LIMITS = LLParserLimits(max_lexer_states=50_000, verbose_errors=False)


class Grammars:
    """Bound to a vocabulary, which it reads at the first use."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._reading = threading.Lock()
        self._compiled = lru_cache(KEPT)(self._compile)

    def matcher(self, constraint: Constraint) -> LLMatcher:
        """A new one, at its start. Raises InvalidConstraint."""
        return self._compiled(constraint).deep_copy()

    @cached_property
    def _table(self) -> LLTokenizer:
        return token_table(self._vocabulary)

    def _compile(self, constraint: Constraint) -> LLMatcher:
        grammar = translated(constraint)
        with self._reading:
            table = self._table
        matcher = LLMatcher(table, grammar, log_level=0, limits=LIMITS)
        if matcher.is_error():
            raise InvalidConstraint(matcher.get_error(), "Correct the constraint.")
        return matcher
