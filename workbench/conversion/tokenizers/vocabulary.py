"""A vocabulary as GGUF has it: tokens with their types, and how text is split into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gguf

from workbench.conversion.json_file import Entries
from workbench.errors import InvalidModel

TokenType = gguf.TokenType
_MAX_TOKENS = 4 << 20
_PADDING_SCORE = -10000.0
_ADDED_SCORE = -1000.0
_LOOKS_SPECIAL = {"<pad>", "<mask>", "<2mass>", "[@BOS@]"}
_BRACKETS = (("<|", "|>"), ("<｜", "｜>"), ("<unused", ">"))


@dataclass(slots=True)
class Vocabulary:
    """`model` and `pre` are GGUF's names of the algorithm and of how words are found."""

    model: str
    pre: str
    tokens: list[str]
    types: list[int]
    scores: list[float] | None = None
    merges: Sequence[str] = ()
    charsmap: bytes = b""
    options: dict[str, bool] = field(default_factory=dict)
    """Further flags by the end of their keys, such as add_space_prefix."""
    special_ids: dict[str, int] = field(default_factory=dict)
    """What the tokenizer's own file says, by role: bos, eos, unk, pad."""
    notes: list[str] = field(default_factory=list)
    """What of the tokenizer is not kept, in sentences."""

    def add(self, identity: int, content: str, kind: int) -> None:
        """Put an added token in its place, which may be beyond the end."""
        if not 0 <= identity < _MAX_TOKENS:
            raise InvalidModel(
                f"The added token {content!r} has the number {identity}.", "Take another copy."
            )
        self.pad(identity + 1)
        self.tokens[identity], self.types[identity] = content, kind
        if self.scores is not None:
            self.scores[identity] = _ADDED_SCORE

    def pad(self, count: int) -> None:
        """Fill up to `count` tokens with such as never occur."""
        first = len(self.tokens)
        self.tokens += [f"[PAD{index}]" for index in range(first, count)]
        self.types += [TokenType.UNUSED] * (count - first)
        if self.scores is not None:
            self.scores += [_PADDING_SCORE] * (count - first)

    def fit(self, rows: int) -> None:
        """Make it as long as the model's table of embeddings; raises InvalidModel where it is longer."""
        if len(self.tokens) > rows:
            raise InvalidModel(
                f"The tokenizer has {len(self.tokens):,} tokens and the model {rows:,}.",
                "They belong to two models.",
            )
        self.pad(rows)
        self._part_same_names()

    def describe(self, writer: Any) -> None:
        writer.add_tokenizer_model(self.model)
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(self.tokens)
        writer.add_token_types([int(kind) for kind in self.types])
        if self.scores is not None:
            writer.add_token_scores(self.scores)
        if self.merges:
            writer.add_token_merges(self.merges)
        if self.charsmap:
            writer.add_precompiled_charsmap(self.charsmap)
        for option, value in self.options.items():
            writer.add_bool(f"tokenizer.ggml.{option}", value)

    def _part_same_names(self) -> None:
        """Engines look tokens up by their text, so that it must be one token's only."""
        seen: set[str] = set()
        for index, token in enumerate(self.tokens):
            if token in seen or not token:
                self.tokens[index], self.types[index] = f"[SAME{index}]", TokenType.UNUSED
            seen.add(self.tokens[index])


def vocabulary_from(pieces: dict[str, int], file: str) -> tuple[list[str], list[int]]:
    """Tokens in the order of their numbers, with gaps filled, and their types. Raises InvalidModel."""
    if not pieces or not all(type(index) is int and 0 <= index < _MAX_TOKENS for index in pieces.values()):
        raise InvalidModel(f"{file} has no sound vocabulary.", "Fetch the model again.")
    count = max(pieces.values()) + 1
    tokens = [f"[PAD{index}]" for index in range(count)]
    types = [int(TokenType.UNUSED)] * count
    for token, index in pieces.items():
        tokens[index], types[index] = token, TokenType.NORMAL
    return tokens, types


def add_tokens(vocabulary: Vocabulary, tokenizer: Entries, config: Entries, added: Entries) -> None:
    """Put in the added tokens: of added_tokens.json, of tokenizer_config.json and of tokenizer.json."""
    for content, identity in added.values.items():
        if type(identity) is not int:
            added.refuse(content, "has no number")
        vocabulary.add(identity, content, _type(content, False))
    for number in config.object("added_tokens_decoder").values:
        entry = config.object("added_tokens_decoder").object(number)
        if not number.isdecimal() or len(number) > 9:
            config.refuse("added_tokens_decoder", "has a key that is no number")
        _add_entry(vocabulary, int(number), entry)
    for entry in tokenizer.objects("added_tokens"):
        _add_entry(vocabulary, entry.integer("id"), entry)


def _add_entry(vocabulary: Vocabulary, identity: int, entry: Entries) -> None:
    content = entry.text("content")
    before = vocabulary.types[identity] if identity < len(vocabulary.types) else TokenType.UNUSED
    kind = TokenType.UNKNOWN if before == TokenType.UNKNOWN else _type(content, entry.flag("special"))
    if before == TokenType.BYTE:
        return
    if kind == TokenType.USER_DEFINED and vocabulary.model in ("llama", "t5"):
        content = content.replace("▁", " ")
    vocabulary.add(identity, content, kind)


def _type(content: str, special: bool) -> int:
    """Some models call tokens of their chat format ordinary, which must not be shown as text."""
    bracketed = any(content.startswith(left) and content.endswith(right) for left, right in _BRACKETS)
    seems = special or bracketed or content in _LOOKS_SPECIAL
    return int(TokenType.CONTROL if seems else TokenType.USER_DEFINED)
