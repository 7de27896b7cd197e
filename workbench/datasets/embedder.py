"""Vectors of texts for operations, which are no coroutines, from an embedding model that runs here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.models import locate
from workbench.planning.opening import open_planned

_TEXTS_AT_ONCE = 256
_LETTERS_OF_A_TOKEN = 16
"""More than a token has in any language; what comes after so many letters need not be tokenized."""


class Embedder:
    """An opened model; close it. Raises as locate and open_planned do, and Unsupported."""

    def __init__(self, model: str, threads: int) -> None:
        self._runner = asyncio.Runner()
        settings = EngineSettings(threads=threads, threads_batch=threads)
        opening = open_planned(str(locate(model).path), settings, recorded=False)
        self._provider = self._runner.run(opening)
        if "embed" not in self._provider.facts.capabilities:
            self.close()
            raise Unsupported(f"{model} makes no embeddings.", "Name a model that was made for them.")

    @property
    def length(self) -> int:
        """How many numbers a vector has."""
        return self._provider.facts.embedding_length

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (texts, length); of unit length, or zero for an empty text.

        Of a text that is longer than the model's context the beginning counts.
        """
        found = np.zeros((len(texts), self.length), np.float32)
        said = [place for place, text in enumerate(texts) if text.strip()]
        for start in range(0, len(said), _TEXTS_AT_ONCE):
            some = said[start : start + _TEXTS_AT_ONCE]
            found[some] = self._runner.run(self._embedded([texts[place] for place in some]))
        return found

    async def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        inputs = [await self._fitted(text) for text in texts]
        made = await self._provider.embed(inputs)
        return np.array([np.frombuffer(vector, np.float32) for vector in made.vectors])

    async def _fitted(self, text: str) -> Sequence[int]:
        """As many of its tokens as the context holds, with the one that ends texts."""
        context = self._provider.facts.context_length
        shown = text[: context * _LETTERS_OF_A_TOKEN].encode("utf-8", "replace").decode()
        tokens = await self._provider.tokenize(shown, add=True)
        return tokens if len(tokens) <= context else [*tokens[: context - 1], tokens[-1]]

    def close(self) -> None:
        """Idempotent."""
        self._runner.run(self._provider.close())
        self._runner.close()
