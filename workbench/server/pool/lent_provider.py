"""A pool's model as routes use it: each call borrows the loaded model, and has it loaded where it is not.

Knows nothing of how a model is loaded or which one makes room for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol, cast

from workbench.backend import Provider
from workbench.chat.media import check_media
from workbench.conversation import Conversation, Message
from workbench.embedding import Embeddings
from workbench.events import Event
from workbench.generation import Generation
from workbench.sampler_trace import SamplerTrace
from workbench.server.pool.served_model import ServedModel


class Watch(Protocol):
    """Sees what models do, each by its name."""

    def answering(self, model: str, events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
        """The events of an answer as they are, after a look at them."""

    def embedded(self, model: str, prompt_tokens: int) -> None:
        """So many tokens were made into vectors."""


class LentProvider(Provider):
    """`facts` are the model's as it was last loaded."""

    def __init__(self, model: ServedModel, watch: Callable[[], Watch | None]) -> None:
        """`watch` tells who wants to see what the model does, if anyone does."""
        self._model = model
        self._watch = watch

    async def load(self) -> None:
        """Have it loaded, if it never was, so that its facts are known."""
        if not hasattr(self, "facts"):
            async with self._model.lent() as provider:
                self.facts = provider.facts

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        async with self._model.lent() as provider:
            self.facts = provider.facts
            events = cast(AsyncGenerator[Event], provider.generate(self._asked(provider, generation)))
            async with aclosing(self._watched(events)) as watched:
                async for event in watched:
                    yield event

    async def rendered(self, generation: Generation) -> str | tuple[int, ...]:
        async with self._model.lent() as provider:
            return await provider.rendered(self._asked(provider, generation))

    async def prompt_length(self, generation: Generation) -> int:
        async with self._model.lent() as provider:
            return await provider.prompt_length(self._asked(provider, generation))

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        async with self._model.lent() as provider:
            return await provider.tokenize(text, special=special, add=add)

    async def tokenize_all(
        self, texts: Sequence[str], *, special: bool = False, add: bool | None = None
    ) -> list[list[int]]:
        async with self._model.lent() as provider:
            return await provider.tokenize_all(texts, special=special, add=add)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        async with self._model.lent() as provider:
            return await provider.detokenize(tokens)

    async def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        async with self._model.lent() as provider:
            return await provider.pieces(tokens)

    async def trace(self, generation: Generation, *, top: int = 10, draws: int = 0) -> SamplerTrace:
        async with self._model.lent() as provider:
            return await provider.trace(self._asked(provider, generation), top=top, draws=draws)

    async def time_passes(self, held: tuple[int, ...], tokens: tuple[int, ...], *, together: bool) -> float:
        async with self._model.lent() as provider:
            return await provider.time_passes(held, tokens, together=together)

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        async with self._model.lent() as provider:
            return self._counted(await provider.embed(inputs))

    async def rank(self, query: str, documents: Sequence[str]) -> Embeddings:
        async with self._model.lent() as provider:
            return self._counted(await provider.rank(query, documents))

    async def close(self) -> None:
        """Nothing: the pool owns the model."""

    def _watched(self, events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
        watch = self._watch()
        return events if watch is None else watch.answering(self._model.name, events)

    def _counted(self, made: Embeddings) -> Embeddings:
        if (watch := self._watch()) is not None:
            watch.embedded(self._model.name, made.prompt_tokens)
        return made

    def _asked(self, provider: Provider, generation: Generation) -> Generation:
        """Raises Unsupported for media that the model cannot take, whatever kind of provider it has."""
        if isinstance(generation.prompt, Conversation):
            check_media(provider.facts, generation.prompt.media)
        return self._instructed(generation)

    def _instructed(self, generation: Generation) -> Generation:
        """With the system message of the model's preset, where the conversation brings none."""
        system, prompt = self._model.offer.system, generation.prompt
        if not system or not isinstance(prompt, Conversation):
            return generation
        if any(message.role == "system" for message in prompt.messages):
            return generation
        told = replace(prompt, messages=(Message("system", system), *prompt.messages))
        return replace(generation, prompt=told)
