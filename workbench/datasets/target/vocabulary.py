"""A model's vocabulary as the checks use it: texts to tokens, each with its place in the text.

The weights are not loaded; the engine reads the vocabulary in a process of its own. Knows no engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from workbench.backend import ModelFacts
from workbench.datasets.target.token_places import Tokens, placed
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.runtime import open_model


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
        return self._runner.run(self._provider.tokenize_all(texts, special=True, add=add)) if texts else []

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Raises Unsupported where the tokens do not spell the text."""
        found = self.each_tokens(texts)
        for one in found:
            if isinstance(one, Unsupported):
                raise one
        return [one for one in found if isinstance(one, Tokens)]

    def each_tokens(self, texts: Sequence[str]) -> list[Tokens | Unsupported]:
        """As `tokens`, with the error in place of each text that raises."""
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

    def _placed(self, text: str, ids: Sequence[int]) -> Tokens | Unsupported:
        try:
            return placed(text, ids, [self._pieces[id] for id in ids])
        except Unsupported as error:
            return error
