"""llama.cpp's vocabulary as llguidance reads it: the bytes of every token, and which are control tokens.

Takes a second for 150,000 tokens. Knows no constraint.
"""

from __future__ import annotations

import ctypes

from llguidance import LLTokenizer

from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.vocabulary import Vocabulary

_CONTROL_MARK = b"\xff"
"""No text holds this byte; llguidance takes what begins with it for a control token, named by the rest."""


def token_table(vocabulary: Vocabulary) -> LLTokenizer:
    """A token has the bytes that answers show of it, so that what is matched is what is read."""
    tokens, ends = [], []
    for token in range(vocabulary.size):
        shown = vocabulary.piece(token)
        control = vocabulary.is_control(token) or not shown
        tokens.append(_CONTROL_MARK + vocabulary.name(token) if control else shown)
        if control and vocabulary.ends(token):
            ends.append(token)
    tokenize = ctypes.cast(llama()._lib.llama_tokenize, ctypes.c_void_p).value
    table: LLTokenizer = LLTokenizer.from_llamacpp(  # type: ignore[attr-defined]
        tokens=tokens, vocab_ptr=vocabulary.handle, tokenize_fptr=tokenize, eos_token=ends, slices=None
    )
    return table
