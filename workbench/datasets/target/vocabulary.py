"""A model's vocabulary as the checks use it: texts to tokens, each with its place in the text.

The weights are not loaded; the engine reads the vocabulary in a process of its own. Knows no engine.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.backend import ModelFacts
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.runtime import open_model

_SPACE = re.compile(rb"\s+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text: `ids`, and for each the characters from `starts` to `ends` that it stands for.

    Tokens that were added to the text stand for none; parts of a character stand for all of it.
    """

    ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


class Vocabulary:
    """Owns the engine's process. For one thread at a time, which must not run an event loop."""

    def __init__(self, model: str, *, backend: str | None = None) -> None:
        """Raises as open_model does."""
        self._runner = asyncio.Runner()
        try:
            settings = EngineSettings(vocabulary_only=True)
            self._provider = self._runner.run(open_model(model, settings, backend=backend))
        except BaseException:
            self._runner.close()
            raise
        self._pieces: dict[int, bytes] = {}
        self._closed = False

    @property
    def facts(self) -> ModelFacts:
        return self._provider.facts

    def ids(self, texts: Sequence[str], *, add: bool | None = None) -> list[list[int]]:
        """The tokens of each text, control tokens in it read as such; `add` as Engine.tokenize has it."""

        async def all_of_them() -> list[list[int]]:
            return await asyncio.gather(
                *(self._provider.tokenize(text, special=True, add=add) for text in texts)
            )

        return self._runner.run(all_of_them())

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Raises Unsupported where the tokens do not spell the text."""
        found = self.ids(texts)
        self._learn({id for ids in found for id in ids})
        return [self._placed(text, ids) for text, ids in zip(texts, found, strict=True)]

    def piece(self, id: int) -> bytes:
        """The bytes of a token, or its name."""
        self._learn({id})
        return self._pieces[id]

    def close(self) -> None:
        """End what was started. Idempotent."""
        if not self._closed:
            self._closed = True
            self._runner.run(self._provider.close())
            self._runner.close()

    def _learn(self, ids: set[int]) -> None:
        new = sorted(ids - self._pieces.keys())
        if new:
            pieces = self._runner.run(self._provider.pieces(new))
            self._pieces.update(zip(new, pieces, strict=True))

    def _placed(self, text: str, ids: Sequence[int]) -> Tokens:
        data = text.encode()
        spans = byte_spans(data, [self._pieces[id] for id in ids])
        if len(data) == len(text):
            return Tokens(tuple(ids), tuple(span[0] for span in spans), tuple(span[1] for span in spans))
        characters = _character_of_byte(text)
        starts = tuple(characters[begin] for begin, _ in spans)
        ends = tuple(characters[end - 1] + 1 if end > begin else characters[end] for begin, end in spans)
        return Tokens(tuple(ids), starts, ends)


def byte_spans(data: bytes, pieces: Sequence[bytes]) -> list[tuple[int, int]]:
    """Where each piece is in the data.

    Tokenizers may add tokens and a space before words, and leave out space beside control tokens.
    """
    spans, at = list[tuple[int, int]](), 0
    for number, piece in enumerate(pieces):
        begin, length = _found(data, at, piece)
        if begin is None:
            later = pieces[number + 1] if number + 1 < len(pieces) else b""
            begin, length = at, _unknown_length(data, at, later)
        spans.append((begin, begin + length))
        at = begin + length
    if data[at:].strip():
        raise Unsupported(
            "This model's tokens do not spell the text, so it cannot be told which of them are trained.",
            "Take a model whose tokenizer keeps the text as it is.",
        )
    return spans


def _found(data: bytes, at: int, piece: bytes) -> tuple[int | None, int]:
    """Where the piece begins, and how many bytes of it are in the data; None where it is not next."""
    space = _SPACE.match(data, at)
    for start in (at, space.end()) if space else (at,):
        for spelled in (piece, piece.removeprefix(b" ")):
            if data.startswith(spelled, start):
                return start, len(spelled)
    return None, 0


def _unknown_length(data: bytes, at: int, later: bytes) -> int:
    """Bytes that a token without a text of its own stands for: one character, or none if it was added."""
    if not later or _found(data, at, later)[0] is not None:
        return 0
    length = 1
    while at + length < len(data) and data[at + length] & 0xC0 == 0x80:
        length += 1
    return length


def _character_of_byte(text: str) -> list[int]:
    """For each byte of the text, and for its end, the number of the character there."""
    numbers = [number for number, letter in enumerate(text) for _ in range(len(letter.encode()))]
    return [*numbers, len(text)]
