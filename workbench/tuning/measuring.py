"""One short measurement of a model with certain settings: what it writes, reads or serves in a second.

It reads the text that comes with the workbench, because drafts live on what texts are like. The sizes are
chosen so that a measurement takes about a second. Knows nothing of what is compared.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from workbench.backend import ModelFacts, Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, Unsupported, WorkbenchError
from workbench.events import Event, Finished
from workbench.generation import Generation
from workbench.quantization.quality.bundled import sample_text
from workbench.sampling import SamplingSettings
from workbench.tuning.aim import Aim, Kind
from workbench.tuning.engines import Engines

_TRIAL_PROMPT, _TRIAL_ANSWER = 64, 16
_PROMPT_SECONDS: dict[Kind, float] = {"generation": 5.0, "prompt": 2.0, "serving": 2.0}
"""What stands before an answer is read once by each engine, all else anew each time."""
_ANSWER_SECONDS = 1.0
_PROMPTS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
_ANSWERS = (16, 32, 64, 128)
_QUESTION = 8
"""Tokens that are new in each turn after what the context holds, so that no answer is like the one before."""
_STEP = 977
"""A prime: where the prompt of the next turn begins in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Tokens that are read and written; where one answer is written, those read are in the context before."""

    prompt: int
    answer: int


class Stopwatch:
    """Measures for one aim."""

    def __init__(self, aim: Aim, engines: Engines) -> None:
        self.aim = aim
        self.sizes = Sizes(prompt=_TRIAL_PROMPT, answer=_TRIAL_ANSWER)
        self._engines = engines
        self._text: tuple[int, ...] = ()

    async def settle(self, usual: EngineSettings) -> ModelFacts:
        """Choose the sizes by what the model does with its usual settings, and tell what it is.

        Raises as opening does, Unsupported where it writes no text, InvalidRequest for too short a context.
        """
        provider, _ = await self._engines.get(usual)
        if "generate" not in provider.facts.capabilities:
            raise Unsupported("This model writes no text.", "Only models that do can be tuned.")
        self._text = tuple(await provider.tokenize(sample_text()))
        context, smallest = provider.facts.context_length, self.sizes
        if context < smallest.prompt + _QUESTION + smallest.answer:
            raise InvalidRequest(
                f"A context of {context} tokens is too short to measure.", "Use a larger --context."
            )
        await _finish(provider, self._tokens(0, smallest.prompt), 1, 0)
        finished = await _finish(provider, self._tokens(1, smallest.prompt), smallest.answer, 0)
        wanted = _reading_speed(finished) * _PROMPT_SECONDS[self.aim.kind] / self.aim.parallel
        prompt = _largest(_PROMPTS, wanted, context // 2)
        room = min(context - prompt - _QUESTION, context // 2)
        self.sizes = Sizes(
            prompt=prompt, answer=_largest(_ANSWERS, _writing_speed(finished) * _ANSWER_SECONDS, room)
        )
        return provider.facts

    async def __call__(self, settings: EngineSettings, turn: int) -> float:
        """Tokens per second; a new engine is warmed up first. Raises as opening and generating do."""
        provider, is_new = await self._engines.get(settings)
        if is_new:
            await self._measured(provider, -1)
        return await self._measured(provider, turn)

    async def _measured(self, provider: Provider, turn: int) -> float:
        match self.aim.kind:
            case "generation":
                held = self._tokens(0, self.sizes.prompt)
                prompt = held + self._tokens(turn + 2, _QUESTION)
                return _writing_speed(await _finish(provider, prompt, self.sizes.answer, turn))
            case "prompt":
                return _reading_speed(
                    await _finish(provider, self._tokens(turn + 2, self.sizes.prompt), 1, turn)
                )
            case "serving":
                return await self._served(provider, turn)

    async def _served(self, provider: Provider, turn: int) -> float:
        """All that is written, from the first request to the last token."""
        count = self.aim.parallel
        prompts = [self._tokens((turn + 2) * count + index, self.sizes.prompt) for index in range(count)]
        started = time.perf_counter()
        finished = await asyncio.gather(*(
            _finish(provider, prompt, self.sizes.answer, turn * count + index)
            for index, prompt in enumerate(prompts)
        ))  # fmt: skip
        return sum(one.usage.completion_tokens for one in finished) / (time.perf_counter() - started)

    def _tokens(self, turn: int, count: int) -> tuple[int, ...]:
        """A part of the text, another one for each turn; the text begins again where it ends."""
        start = turn * _STEP % len(self._text)
        parts = -(-(start + count) // len(self._text))
        return (self._text * parts)[start : start + count]


def _largest(sizes: Sequence[int], wanted: float, most: int) -> int:
    return max((size for size in sizes if size <= min(wanted, most)), default=sizes[0])


def _reading_speed(finished: Finished) -> float:
    read = finished.usage.prompt_tokens - finished.usage.cached_tokens
    return read / max(finished.timings.time_to_first_token, 1e-6)


def _writing_speed(finished: Finished) -> float:
    speed = finished.tokens_per_second
    if not speed:
        raise WorkbenchError("The engine wrote too little to be timed.", "Use a larger --context.")
    return speed


async def _finish(provider: Provider, prompt: tuple[int, ...], max_tokens: int, seed: int) -> Finished:
    sampling = SamplingSettings(seed=seed + 2)
    generation = Generation(prompt=prompt, sampling=sampling, max_tokens=max_tokens, ignore_end=True)
    async with aclosing(cast(AsyncGenerator[Event, None], provider.generate(generation))) as events:
        async for event in events:
            if isinstance(event, Finished):
                return event
    raise WorkbenchError("The model's answer had no end.", "Update the engine.")
