"""What engines do with a vocabulary alone, and one that does nothing else.

Knows no vocabulary; each backend brings its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, Protocol

from workbench.backend import Engine, StepEvent, TokenRequest
from workbench.errors import Unsupported


class Vocabulary(Protocol):
    """Safe to call from any thread."""

    def tokenize(self, text: str, special: bool, add: bool | None = None) -> list[int]:
        """As Engine.tokenize."""

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        """As Engine.detokenize."""

    def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        """As Engine.pieces."""


class TokenizingEngine(Engine):
    """One that has its vocabulary at hand."""

    _vocabulary: Vocabulary

    def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return self._vocabulary.tokenize(text, special, add)

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        return self._vocabulary.detokenize(tokens)

    def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        return self._vocabulary.pieces(tokens)


class VocabularyEngine(TokenizingEngine):
    """Of a model of which only the vocabulary is open. Its facts name no capabilities."""

    def enqueue(self, request: TokenRequest) -> NoReturn:
        raise Unsupported("Only the model's vocabulary is open.", "Open the whole model.")

    def step(self) -> list[StepEvent]:
        return []

    def cancel(self, request_id: int) -> None:
        """There is never one."""

    @property
    def busy(self) -> bool:
        return False
