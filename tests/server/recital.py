"""A double for a model: it answers by repeating the prompt's last line, word by word.

It can be held or fail, and honours stop strings, token limits and log-probabilities, so that what the
endpoint makes of them can be seen.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

from workbench.backend import ModelFacts, Provider
from workbench.conversation import Conversation
from workbench.errors import ContextExceeded
from workbench.events import (
    Event,
    Finished,
    FinishReason,
    Prefill,
    SampledToken,
    TextDelta,
    Timings,
    TokenLogprob,
    Usage,
)
from workbench.generation import Generation

CONTEXT = 512
RUNNER_UP = TokenLogprob(b"perhaps", -2.0)


class Recital(Provider):
    """One word is one token. It waits before word `hold_at` for `released`, and raises `error` at `fail_at`.

    Position -1 is before anything is said, even about the prompt.
    """

    def __init__(
        self, *, hold_at: int | None = None, fail_at: int | None = None, error: Exception | None = None
    ) -> None:
        self.facts = ModelFacts(
            architecture="recital",
            context_length=CONTEXT,
            trained_context=CONTEXT,
            parallel=8,
            vocabulary_size=256,
        )
        self.hold_at = hold_at
        self.released = asyncio.Event()
        self.held = asyncio.Event()
        self.ended = asyncio.Event()
        self.fail_at = fail_at
        self.error = error
        self.received: list[Generation] = []
        self.running = 0
        self.cancelled = 0
        self.closed = False

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        self.received.append(generation)
        self.running += 1
        whole = False
        try:
            async for event in self._recite(generation):
                whole = isinstance(event, Finished)
                yield event
        finally:
            self.running -= 1
            self.cancelled += not whole
            self.ended.set()

    async def rendered(self, generation: Generation) -> str | tuple[int, ...]:
        return await self._text(generation)

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        return list(text.encode())

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode(errors="replace")

    async def close(self) -> None:
        self.closed = True

    async def _recite(self, generation: Generation) -> AsyncIterator[Event]:
        prompt = await self._text(generation)
        count = len(prompt.split())
        if count >= CONTEXT:
            raise ContextExceeded(
                f"The prompt has {count} tokens, the context holds {CONTEXT}.", "Shorten it."
            )
        await self._pause(-1)
        yield Prefill(0, count, 0)
        words, reason, stop_sequence = _words(prompt.splitlines()[-1] if prompt else "", generation)
        for position, word in enumerate(words):
            await self._pause(position)
            yield TextDelta(word, 1, _logprobs(word, generation.logprobs))
        usage = Usage(count, count // 2, len(words))
        yield Finished(reason, usage, Timings(0.25, 0.5), stop_sequence)

    async def _text(self, generation: Generation) -> str:
        match generation.prompt:
            case Conversation(messages):
                return "\n".join(message.content for message in messages)
            case str(text):
                return text
            case tokens:
                return await self.detokenize(tokens)

    async def _pause(self, position: int) -> None:
        await asyncio.sleep(0)
        if position == self.hold_at:
            self.held.set()
            await self.released.wait()
        if position == self.fail_at and self.error:
            raise self.error


def _words(line: str, generation: Generation) -> tuple[list[str], FinishReason, str]:
    end, stop = min(
        [(line.index(stop), stop) for stop in generation.stop if stop in line] or [(len(line), "")]
    )
    words = re.findall(r"\s*\S+", line[:end])
    if generation.max_tokens is not None and len(words) > generation.max_tokens:
        return words[: generation.max_tokens], "length", ""
    return words, "stop", stop


def _logprobs(word: str, top: int | None) -> tuple[SampledToken, ...]:
    if top is None:
        return ()
    chosen = TokenLogprob(word.encode(), -0.5)
    return (SampledToken(chosen, (chosen, RUNNER_UP)[:top]),)
