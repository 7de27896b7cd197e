"""llama.cpp's vocabulary as llguidance reads it. Knows no constraint."""

from __future__ import annotations

import ctypes

from llguidance import LLTokenizer

from workbench.constraining.token_table import TokenTable, token_bytes
from workbench.errors import Unsupported
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.vocabulary import Vocabulary


def token_table(vocabulary: Vocabulary) -> TokenTable:
    """Raises Unsupported for a vocabulary that llguidance cannot read."""
    tokens, control = token_bytes(vocabulary)
    ends = [token for token in control if vocabulary.ends(token)]
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
