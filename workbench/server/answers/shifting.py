"""An answer that goes on when the context is full: the oldest part is left out, and the rest is read again.

What is left out is counted. Knows nothing of the wire.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

from workbench.backend import Provider
from workbench.events import Event, Finished, Prefill, TextDelta, Usage
from workbench.generation import Generation
from workbench.server.answers.truncation import LeftOut, beginning, newest, tokens_of


@dataclass(frozen=True, slots=True)
class Shifting:
    """A model whose answers have no end but their own and their limit, which each must have."""

    provider: Provider
    left_out: LeftOut

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        """As Provider.generate. What is not text, such as reasoning, still ends with the context."""
        said, usage, leg = "", Usage(), generation
        while True:
            watch = _Watch()
            async with aclosing(cast(AsyncGenerator[Event], self.provider.generate(leg))) as events:
                async for event in events:
                    watch.take(event)
                    if not isinstance(event, Finished) and not (said and isinstance(event, Prefill)):
                        yield event
            assert watch.finished is not None
            said, usage = said + watch.text, _sum(usage, watch.finished.usage)
            left = (generation.max_tokens or 0) - usage.completion_tokens
            if left <= 0 or not watch.only_text or not self._is_full(watch.finished):
                yield replace(watch.finished, usage=usage)
                return
            leg = replace(generation, prompt=await self._shifted(generation, said), max_tokens=left)

    def _is_full(self, finished: Finished) -> bool:
        used = finished.usage.prompt_tokens + finished.usage.completion_tokens
        return finished.reason == "length" and used >= self.provider.facts.context_length

    async def _shifted(self, asked: Generation, said: str) -> tuple[int, ...]:
        """The prompt, or its start where it takes most of the context, and the end of what was said."""
        context = self.provider.facts.context_length
        prompt = await tokens_of(self.provider, asked)
        answer = await self.provider.tokenize(said, special=False, add=False)
        start = prompt if len(prompt) <= context // 2 else await beginning(self.provider)
        kept = newest([*prompt, *answer], start, len(start) + (context - len(start)) // 2)
        self.left_out.tokens += len(prompt) + len(answer) - len(kept)
        return tuple(kept)


class _Watch:
    """What one leg of an answer said."""

    def __init__(self) -> None:
        self.text = ""
        self.only_text = True
        self.finished: Finished | None = None

    def take(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self.text += text
            case Finished():
                self.finished = event
            case Prefill():
                pass
            case _:
                self.only_text = False


def _sum(one: Usage, other: Usage) -> Usage:
    """The usage of an answer that went on: its prompt counts once."""
    if not one.prompt_tokens:
        return other
    return replace(
        one,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        reasoning_tokens=one.reasoning_tokens + other.reasoning_tokens,
        drafted_tokens=one.drafted_tokens + other.drafted_tokens,
        accepted_tokens=one.accepted_tokens + other.accepted_tokens,
    )
