"""Answers drawn at random, byte by byte, from all that a constraint allows: a model without opinions."""

from __future__ import annotations

import random

from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

from workbench.constraining.finding import Finding
from workbench.constraining.limits import LIMITS
from workbench.constraining.translation import translated
from workbench.constraining.trial import Bytes, on_trial
from workbench.constraint import Constraint

_END = 0
_VOCABULARY = Bytes(257, {str(_END): "<end>"})
_BYTES = dict(zip(_VOCABULARY.by_byte, range(256), strict=True))
TOKENIZER = LLTokenizer(TokenizerWrapper(_VOCABULARY))


def found(constraint: Constraint) -> Finding:
    """What comes of the constraint, without a process of its own."""
    return on_trial(TOKENIZER, translated(constraint))


def drawn(grammar: str, draw: random.Random, most: int = 300) -> str | None:
    """One answer; None where it does not end in so many bytes. What ends things is drawn more often."""
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0, limits=LIMITS)
    answer = bytearray()
    for _ in range(most):
        mask = int.from_bytes(matcher.compute_bitmask(), "little")
        assert not matcher.is_error(), f"after {bytes(answer)!r}: {matcher.get_error()}"
        allowed = [token for token in range(mask.bit_length()) if mask >> token & 1 and token != _END]
        if matcher.is_stopped() or not allowed or (mask >> _END & 1 and draw.random() < 0.3):
            return answer.decode()
        endings = [token for token in allowed if _BYTES[token] in b'"]}']
        plain = [token for token in allowed if 32 <= _BYTES[token] < 127]
        often = endings if draw.random() < 0.25 else plain if draw.random() < 0.9 else []
        token = draw.choice(often or allowed)
        matcher.consume_token(token)
        answer.append(_BYTES[token])
    return None
