"""The vocabulary of a model's folder, read with the tokenizers library. Safe to call from any thread.

Knows neither engine: they are given tokens and give tokens back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import EngineUnavailable, InvalidModel, InvalidRequest
from workbench_exllama.chat_files import ChatFiles
from workbench_exllama.model_folder import json_object
from workbench_exllama.pieces import spelling

if TYPE_CHECKING:
    from workbench.constraining.token_table import TokenTable


class Vocabulary:
    """`size` is the model's: its last tokens may have no text. Raises InvalidModel, ModelNotFound.

    Attributes:
        end_tokens: Those that end an answer.
        own_tokens: Tokens that stand for themselves and not for text, by name.
    """

    def __init__(self, folder: Path, size: int, ends: frozenset[int]) -> None:
        document = json_object(folder / "tokenizer.json")
        self.chat = ChatFiles(folder)
        self.size = size
        self._plain, self._marked = _tokenizer(document), _tokenizer(document)
        self._plain.encode_special_tokens = True
        self._names = _names(document, size)
        self.own_tokens = _own_tokens(document)
        self._control = frozenset(self.own_tokens.values())
        named = self.own_tokens.get(self.chat.special_tokens.get("eos_token", ""))
        self._ends = ends | ({named} if named is not None else set())
        self._before, self._after = self._around()
        self._shown = lru_cache(64)(lambda shown: {token: self.name(token) for token in shown})

    @property
    def end_tokens(self) -> frozenset[int]:
        return self._ends

    @property
    def first_token(self) -> int | None:
        """What the model begins each text with, where it does."""
        return self._before[0] if self._before else None

    def tokenize(self, text: str, special: bool, add: bool | None = None) -> list[int]:
        """As Engine.tokenize; a first token that the text has already is not added again."""
        tokens: list[int] = (
            (self._marked if special else self._plain).encode(text, add_special_tokens=False).ids
        )
        if not (special if add is None else add):
            return tokens
        before = self._before if tokens[: len(self._before)] != self._before else []
        return [*before, *tokens, *self._after]

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        self.check(tokens)
        return b"".join(map(self.piece, tokens))

    def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        """The bytes of each token, for control tokens their names."""
        self.check(tokens)
        return [self.name(token) for token in tokens]

    def check(self, tokens: Sequence[int]) -> None:
        """Raises InvalidRequest for ids that there are not."""
        if tokens and not 0 <= min(tokens) <= max(tokens) < self.size:
            raise InvalidRequest(
                f"A token id is outside the vocabulary of {self.size}.", f"Use ids from 0 to {self.size - 1}."
            )

    def piece(self, token: int) -> bytes:
        return b"" if token in self._control else self.name(token)

    def name(self, token: int) -> bytes:
        return self._names[token]

    def is_control(self, token: int) -> bool:
        return token in self._control

    def piece_showing(self, shown: tuple[int, ...]) -> Callable[[int], bytes]:
        """As `piece`, but these tokens have their names."""
        names = self._shown(shown)
        return lambda token: names.get(token) or self.piece(token)

    def holding(self, texts: tuple[str, ...]) -> frozenset[int]:
        """The tokens in whose text one of these stands."""
        wanted = [text.encode() for text in texts]
        return frozenset(
            token for token, name in enumerate(self._names) if any(text in name for text in wanted)
        )

    def token_table(self) -> TokenTable:
        """As constraints read it."""
        from workbench_exllama.token_table import token_table  # takes a while to import

        return token_table(self)

    def _around(self) -> tuple[list[int], list[int]]:
        """What the tokenizer puts before and after each text, where it does."""
        plain: list[int] = self._marked.encode("x", add_special_tokens=False).ids
        whole: list[int] = self._marked.encode("x", add_special_tokens=True).ids
        start = next(at for at in range(len(whole)) if whole[at : at + len(plain)] == plain)
        before, after = whole[:start], whole[start + len(plain) :]
        first = self.own_tokens.get(self.chat.special_tokens.get("bos_token", ""))
        if not before and first is not None and self.chat.adds_first:
            before = [first]
        return before, after


def _tokenizer(document: dict[str, Any]) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise EngineUnavailable("tokenizers is not installed.", "pip install tokenizers") from None
    try:
        made = Tokenizer.from_str(json.dumps(document))
    except Exception as error:  # the library raises nothing more exact
        raise InvalidModel(f"tokenizer.json cannot be read: {error}.", "Fetch the model anew.") from None
    made.no_truncation()
    made.no_padding()
    return made


def _names(document: dict[str, Any], size: int) -> list[bytes]:
    """The bytes of each token; none where the model has more tokens than the tokenizer."""
    spelled, names = spelling(document), [b""] * size
    told = document["model"].get("vocab", {})
    words = told if isinstance(told, dict) else {word: token for token, (word, _) in enumerate(told)}
    for word, token in words.items():
        if token < size:
            names[token] = spelled(word)
    for added in document.get("added_tokens") or ():
        if added["id"] < size:
            names[added["id"]] = added["content"].encode()
    return names


def _own_tokens(document: dict[str, Any]) -> dict[str, int]:
    """Control tokens, and those that were added in angle brackets."""
    added = [(token["content"], token) for token in document.get("added_tokens") or ()]
    return {
        name: token["id"]
        for name, token in added
        if token.get("special") or (name.startswith("<") and name.endswith(">"))
    }
