"""A folder's vocabulary as llguidance reads it. Knows no constraint."""

from __future__ import annotations

from llguidance import LLTokenizer, TokenizerWrapper

from workbench.constraining.token_table import TokenTable, token_bytes
from workbench.errors import Unsupported
from workbench_exllama.vocabulary import Vocabulary


class _Readable:
    """As TokenizerWrapper wants a tokenizer."""

    bos_token_id = None

    def __init__(self, vocabulary: Vocabulary, tokens: list[bytes], control: dict[int, str]) -> None:
        self._vocabulary = vocabulary
        self.tokens = [token.removeprefix(b"\xff") for token in tokens]
        self.special_token_ids = list(control)
        self.eos_token_id = min(vocabulary.end_tokens)

    def __call__(self, text: bytes) -> list[int]:
        return self._vocabulary.tokenize(text.decode(errors="replace"), special=False)


def token_table(vocabulary: Vocabulary) -> TokenTable:
    """Raises Unsupported for a vocabulary that llguidance cannot read."""
    tokens, control = token_bytes(vocabulary)
    if not vocabulary.end_tokens:
        raise Unsupported("This model has no token that ends an answer.", "Ask another model.")
    try:
        wrapper = TokenizerWrapper(_Readable(vocabulary, tokens, control))
        tokenizer = LLTokenizer(wrapper, eos_token=sorted(vocabulary.end_tokens))
    except ValueError as error:
        raise Unsupported(
            f"The answers of this model cannot be held to a form: {error}.", "Ask another model."
        ) from None
    return TokenTable(tokenizer, control)
