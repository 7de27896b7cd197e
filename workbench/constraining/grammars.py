"""Constraints compiled for one vocabulary, or refused with what is wrong in them.

Safe to call from any thread; what was compiled lately is kept. Knows no request.
"""

from __future__ import annotations

from functools import lru_cache

from llguidance import LLMatcher

from workbench.constraining.limits import ENGINE_STACK, LIMITS, MOST_CHARACTERS
from workbench.constraining.refusals import refusal
from workbench.constraining.stacks import executor_with_stacks
from workbench.constraining.token_table import Vocabulary
from workbench.constraining.translation import translated
from workbench.constraining.trial_process import TrialProcess
from workbench.constraint import Constraint
from workbench.errors import InvalidConstraint

KEPT = 16
THREADS = 4
"""One is enough, unless some grammars are slow."""


class Grammars:
    """Bound to a vocabulary, which it reads when it is made.

    Attributes:
        executor: The threads on which grammars are compiled and followed.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._table = vocabulary.token_table()
        self.executor = executor_with_stacks(THREADS, ENGINE_STACK, "constraining")
        self._trial = TrialProcess(vocabulary.size, self._table.control)
        self._compiled = lru_cache(KEPT)(self._compile)

    def matcher(self, constraint: Constraint) -> LLMatcher:
        """A new one, at its start. Raises InvalidConstraint."""
        return self._compiled(constraint).deep_copy()

    def close(self) -> None:
        """Wait for what is at work. Idempotent."""
        self.executor.shutdown(cancel_futures=True)
        self._trial.close()

    def _compile(self, constraint: Constraint) -> LLMatcher:
        """First on trial, since what is hostile may end the process that compiles it."""
        if len(constraint.text) > MOST_CHARACTERS:
            raise InvalidConstraint(
                f"The constraint has {len(constraint.text)} characters, {MOST_CHARACTERS} at most are taken.",
                "Ask for a simpler form.",
            )
        found = self._trial.finding(translated(constraint))
        if found.fault:
            raise refusal(constraint, found.fault, found.place)
        matcher = self.executor.submit(self._matcher, found.grammar).result()
        if matcher.is_error():
            raise refusal(constraint, matcher.get_error())
        return matcher

    def _matcher(self, grammar: str) -> LLMatcher:
        return LLMatcher(self._table.tokenizer, grammar, log_level=0, limits=LIMITS)
