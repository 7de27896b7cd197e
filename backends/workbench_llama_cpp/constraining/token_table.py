"""llama.cpp's vocabulary as llguidance reads it: the bytes of every token, and which are control tokens.

Takes a second for 150,000 tokens. Knows no constraint.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from llguidance import LLTokenizer

from workbench.errors import Unsupported
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.vocabulary import Vocabulary

_CONTROL_MARK = b"\xff"
"""No text holds this byte; llguidance takes what begins with it for a control token, named by the rest."""


@dataclass(frozen=True, slots=True)
class TokenTable:
    """What llguidance reads, and the names of its control tokens by id."""

    tokenizer: LLTokenizer
    control: dict[int, str]


def token_table(vocabulary: Vocabulary) -> TokenTable:
    """A token has the bytes that answers show of it, so that what is matched is what is read.

    Raises Unsupported for a vocabulary that llguidance cannot read.
    """
    tokens, ends, control = [], [], {}
    for token in range(vocabulary.size):
        shown = vocabulary.piece(token)
        if shown and not vocabulary.is_control(token):
            tokens.append(shown)
            continue
        name = vocabulary.name(token)
        tokens.append(_CONTROL_MARK + name)
        control[token] = name.decode(errors="replace")
        if vocabulary.ends(token):
            ends.append(token)
    tokenize = ctypes.cast(llama()._lib.llama_tokenize, ctypes.c_void_p).value
    try:
        tokenizer: LLTokenizer = LLTokenizer.from_llamacpp(  # type: ignore[attr-defined]
            tokens=tokens, vocab_ptr=vocabulary.handle, tokenize_fptr=tokenize, eos_token=ends, slices=None
        )
    except ValueError as error:
        raise Unsupported(
            f"The answers of this model cannot be held to a form: {error}.", "Ask another model."
        ) from None
    return TokenTable(tokenizer, control)
