"""A model's vocabulary: text to tokens and back. Safe to call from any thread, as llama.cpp promises.

Knows nothing of contexts or requests.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from workbench.errors import InvalidRequest
from workbench_llama_cpp.binding import llama

if TYPE_CHECKING:
    from workbench.constraining.token_table import TokenTable

_OWN_TYPES = (3, 4)
"""GGUF's numbers for control tokens and for tokens that were added."""


class Vocabulary:
    """Bound to a loaded model's vocabulary handle."""

    def __init__(self, model: Any) -> None:
        self._llama = llama()
        self.handle = self._llama.llama_model_get_vocab(model)
        self.size: int = self._llama.llama_vocab_n_tokens(self.handle)
        self._adds_first = bool(self._llama.llama_vocab_get_add_bos(self.handle))
        self._first: int = self._llama.llama_vocab_bos(self.handle)
        self._pieces: dict[int, bytes] = {}
        self._names = lru_cache(64)(lambda shown: {token: self.name(token) for token in shown})

    def tokenize(self, text: str, special: bool, add: bool | None = None) -> list[int]:
        """As Engine.tokenize; a first token that the text has already is not added again."""
        data = text.encode()
        wanted = special if add is None else add
        adds = wanted and not (special and not self.lacks_beginning(text))
        room = len(data) + 8
        tokens = (ctypes.c_int32 * room)()
        count = self._llama.llama_tokenize(self.handle, data, len(data), tokens, room, adds, special)
        if count < 0:
            tokens = (ctypes.c_int32 * -count)()
            count = self._llama.llama_tokenize(self.handle, data, len(data), tokens, -count, adds, special)
        return list(tokens[:count])

    @property
    def first_token(self) -> int | None:
        """What the model begins each text with, where it does."""
        return self._first if self._adds_first and self._first >= 0 else None

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """The tokens that end an answer."""
        return frozenset(filter(self.ends, range(self.size)))

    def lacks_beginning(self, text: str) -> bool:
        """Whether what the model wants before each text may be added: it is not there yet."""
        first = self.special_text(self._first)
        return not (self._adds_first and first and text.startswith(first))

    def separators(self) -> tuple[list[int], list[int], list[int]]:
        """What goes before a text, what ends it, and what goes between two, as far as the model wants it."""
        functions, handle = self._llama, self.handle
        between = functions.llama_vocab_sep(handle)
        end = functions.llama_vocab_eos(handle)
        end = between if end < 0 else end
        return (
            [self._first] if self._adds_first else [],
            [end] if functions.llama_vocab_get_add_eos(handle) else [],
            [between] if functions.llama_vocab_get_add_sep(handle) else [],
        )

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        self.check(tokens)
        return b"".join(self.piece(token) for token in tokens)

    def check(self, tokens: Sequence[int]) -> None:
        """Raise InvalidRequest for ids that llama.cpp would abort the process on."""
        if tokens and not 0 <= min(tokens) <= max(tokens) < self.size:
            raise InvalidRequest(
                f"A token id is outside the vocabulary of {self.size}.", f"Use ids from 0 to {self.size - 1}."
            )

    def piece(self, token: int) -> bytes:
        """The token's bytes; none for control tokens."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._render(token, special=False)
        return known

    def piece_showing(self, shown: tuple[int, ...]) -> Callable[[int], bytes]:
        """As `piece`, but these tokens have their names."""
        if not shown:
            return self.piece
        names = self._names(shown)
        return lambda token: names.get(token) or self.piece(token)

    def own_tokens(self, types: object) -> dict[str, int]:
        """Control tokens, and those that were added in angle brackets, by name.

        `types` are what the file says of all tokens, one after the other, which spares a look at most.
        """
        told = list(types) if isinstance(types, Sequence) and len(types) == self.size else None
        likely = [token for token in range(self.size) if told is None or told[token] in _OWN_TYPES]
        names = ((self.name(token), token) for token in likely if self.is_control(token))
        return {name.decode(errors="replace"): token for name, token in names}

    def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        """The bytes of each token, for control tokens their names."""
        self.check(tokens)
        names = {token: self.piece(token) or self.name(token) for token in set(tokens)}
        return [names[token] for token in tokens]

    def name(self, token: int) -> bytes:
        """The token's bytes, control token or not."""
        return self._render(token, special=True)

    def is_control(self, token: int) -> bool:
        """Whether it stands for no text; a token that was added in angle brackets counts as well."""
        attributes: int = self._llama.llama_vocab_get_attr(self.handle, token)
        if attributes & self._llama.LLAMA_TOKEN_ATTR_USER_DEFINED:
            name = self.name(token)
            return name.startswith(b"<") and name.endswith(b">")
        return bool(attributes & self._llama.LLAMA_TOKEN_ATTR_CONTROL)

    def ends(self, token: int) -> bool:
        return bool(self._llama.llama_vocab_is_eog(self.handle, token))

    def special_text(self, token: int) -> str:
        return self._render(token, special=True).decode(errors="replace") if token >= 0 else ""

    def special_tokens(self) -> dict[str, str]:
        """The texts that chat templates refer to by name."""
        end = self._llama.llama_vocab_eos(self.handle)
        return {"bos_token": self.special_text(self._first), "eos_token": self.special_text(end)}

    def token_table(self) -> TokenTable:
        """As constraints read it. Raises Unsupported."""
        from workbench_llama_cpp.token_table import token_table  # takes a while to import

        return token_table(self)

    def _render(self, token: int, special: bool) -> bytes:
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count: int = self._llama.llama_token_to_piece(self.handle, token, buffer, room, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            room = -count
