"""A vocabulary as constraints see it: the bytes of every token, and which are control tokens.

Knows no engine; each one makes the tokenizer that llguidance reads in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from llguidance import LLTokenizer

_CONTROL_MARK = b"\xff"
"""No text holds this byte; llguidance takes what begins with it for a control token, named by the rest."""


@dataclass(frozen=True, slots=True)
class TokenTable:
    """What llguidance reads, and the names of its control tokens by id."""

    tokenizer: LLTokenizer
    control: dict[int, str]


class Vocabulary(Protocol):
    """What an engine's vocabulary tells of itself."""

    size: int

    @property
    def end_tokens(self) -> frozenset[int]:
        """The tokens that end an answer."""

    def piece(self, token: int) -> bytes:
        """The token's bytes; none for control tokens."""

    def name(self, token: int) -> bytes:
        """The token's bytes, control token or not."""

    def is_control(self, token: int) -> bool:
        """Whether it stands for no text."""

    def token_table(self) -> TokenTable:
        """Takes a second for 150,000 tokens. Raises Unsupported where llguidance cannot read it."""


def token_bytes(vocabulary: Vocabulary) -> tuple[list[bytes], dict[int, str]]:
    """A token has the bytes that answers show of it, so that what is matched is what is read.

    Control tokens are marked, and named beside.
    """
    tokens, control = list[bytes](), dict[int, str]()
    for token in range(vocabulary.size):
        shown = vocabulary.piece(token)
        if shown and not vocabulary.is_control(token):
            tokens.append(shown)
            continue
        name = vocabulary.name(token)
        tokens.append(_CONTROL_MARK + name)
        control[token] = name.decode(errors="replace")
    return tokens, control
