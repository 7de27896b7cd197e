"""A pool's model as routes use it: each call borrows the loaded model, and has it loaded where it is not.

Knows nothing of how a model is loaded or which one makes room for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import cast

from workbench.backend import Provider
from workbench.conversation import Conversation, Message
from workbench.embedding import Embeddings
from workbench.events import Event
from workbench.generation import Generation
from workbench.server.served_model import ServedModel

Watched = Callable[[str, AsyncGenerator[Event]], AsyncGenerator[Event]]


class LentProvider(Provider):
    """`facts` are the model's as it was last loaded."""

    def __init__(self, model: ServedModel, watched: Watched) -> None:
        """`watched` passes the events of an answer on, after a look at them."""
        self._model = model
        self._watched = watched

    async def load(self) -> None:
        """Have it loaded, if it never was, so that its facts are known."""
        if not hasattr(self, "facts"):
            async with self._model.lent() as provider:
                self.facts = provider.facts

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        async with self._model.lent() as provider:
            self.facts = provider.facts
            events = cast(AsyncGenerator[Event], provider.generate(self._instructed(generation)))
            async with aclosing(self._watched(self._model.name, events)) as watched:
                async for event in watched:
                    yield event

    async def rendered(self, generation: Generation) -> str | tuple[int, ...]:
        async with self._model.lent() as provider:
            return await provider.rendered(self._instructed(generation))

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        async with self._model.lent() as provider:
            return await provider.tokenize(text, special=special, add=add)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        async with self._model.lent() as provider:
            return await provider.detokenize(tokens)

    async def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        async with self._model.lent() as provider:
            return await provider.pieces(tokens)

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        async with self._model.lent() as provider:
            return await provider.embed(inputs)

    async def rank(self, query: str, documents: Sequence[str]) -> Embeddings:
        async with self._model.lent() as provider:
            return await provider.rank(query, documents)

    async def close(self) -> None:
        """Nothing: the pool owns the model."""

    def _instructed(self, generation: Generation) -> Generation:
        """With the system message of the model's preset, where the conversation brings none."""
        system, prompt = self._model.offer.system, generation.prompt
        if not system or not isinstance(prompt, Conversation):
            return generation
        if any(message.role == "system" for message in prompt.messages):
            return generation
        told = replace(prompt, messages=(Message("system", system), *prompt.messages))
        return replace(generation, prompt=told)
