"""How one repetition of a test is done: as passes over the model alone, or as whole requests.

Every repetition has fresh tokens, so that no earlier one helps; those that the test comes after are the same
each time, and are in the cache before the time is taken. Knows nothing of repetitions.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar, cast

from workbench.backend import Provider
from workbench.benchmark.workload import Method, RandomTokens, SpeedTest
from workbench.conversation import Conversation, Message
from workbench.errors import Unsupported, WorkbenchError
from workbench.events import Event, Finished
from workbench.generation import Generation
from workbench.sampling import SamplingSettings

_GREEDY = SamplingSettings(temperature=0)
_READ_AGAIN = 32
"""Tokens of a short beginning that an engine may compute again where several requests share it."""

_GO_ON = "Count upwards from 1, each number on a line of its own, and never stop."
_COMMON = """
time year people way day man thing woman life child world school state family student group country
problem hand part place case week company system program question work number night point home water
room mother area money story fact month lot right study book eye job word business issue side kind
head house service friend father power hour game line end member law car city name team minute idea
"""
WORDS = tuple(_COMMON.split())
"""Most vocabularies have each as one token."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Tokens per second of all requests together, of `each`, and the seconds to the first token of each."""

    tokens_per_second: float
    each: tuple[float, ...]
    first_token: tuple[float, ...] = ()


class Trials(ABC):
    """Repeats one test on one model."""

    method: ClassVar[Method]

    def __init__(
        self, provider: Provider, test: SpeedTest, prefix: tuple[int, ...], tokens: RandomTokens
    ) -> None:
        self._provider = provider
        self.test = test
        self._prefix = prefix
        self._tokens = tokens

    @abstractmethod
    async def prepare(self) -> None:
        """Bring into the cache what the test comes after."""

    @abstractmethod
    async def run(self) -> Trial:
        """The test, timed. Raises Unsupported where the engine cannot do it."""


class Passes(Trials):
    """As llama-bench: nothing is drawn, and nothing leaves the engine before the end."""

    method = "passes"

    async def prepare(self) -> None:
        if self._prefix:
            await self._provider.time_passes(self._prefix, self._tokens.take(1), together=True)

    async def run(self) -> Trial:
        tokens = self._tokens.take(self.test.size)
        seconds = await self._provider.time_passes(self._prefix, tokens, together=bool(self.test.prompt))
        return Trial(speed := len(tokens) / seconds, (speed,))


class Requests(Trials):
    """As a user's: tokens are drawn and sent. All of a trial are asked at once."""

    method: ClassVar[Method] = "requests"

    async def prepare(self) -> None:
        if self._prefix:
            await self._answers(1, 2)  # the second token keeps the first request beside the others

    async def run(self) -> Trial:
        # The first token ends the reading of the prompt; the ones after it are timed.
        reads = bool(self.test.prompt)
        size = (self.test.prompt, 1) if reads else (1, self.test.generate + 1)
        answers = await self._answers(*size)
        for answer in answers:
            self._check_depth(answer.finished, size[0])
        return _reading(answers) if reads else _writing(answers)

    async def _answers(self, prompt: int, answer: int) -> list[_Answer]:
        tokens = [self._prefix + self._tokens.take(prompt) for _ in range(self.test.parallel)]
        asked = (_answer(self._provider, self._prompt(one), answer) for one in tokens)
        return await asyncio.gather(*asked)

    def _prompt(self, tokens: tuple[int, ...]) -> Conversation | tuple[int, ...]:
        return tokens

    @property
    def _tolerated(self) -> int:
        """How many of the tokens before the test may be read again."""
        return 1 if self.test.parallel == 1 else _READ_AGAIN

    def _check_depth(self, finished: Finished, prompt: int) -> None:
        again = finished.usage.prompt_tokens - finished.usage.cached_tokens - prompt
        if self.test.depth and again > self._tolerated:
            raise Unsupported(
                f"This engine read {again} of the {self.test.depth} tokens before the test again.",
                "Measure at --depth 0.",
            )


class Texts(Requests):
    """For a server elsewhere: words for tokens, which is nearly the same, and its own count of them."""

    method = "text"

    def _prompt(self, tokens: tuple[int, ...]) -> Conversation:
        text = " ".join(WORDS[token] for token in tokens)
        return Conversation((Message("user", f"{text}\n{_GO_ON}"),))

    @property
    def _tolerated(self) -> int:
        return self.test.depth // 2 + _READ_AGAIN


@dataclass(frozen=True, slots=True)
class _Answer:
    """How an answer ended, and when, by this process's clock."""

    finished: Finished
    ended: float

    @property
    def read(self) -> int:
        return self.finished.usage.prompt_tokens - self.finished.usage.cached_tokens

    @property
    def steps(self) -> int:
        return self.finished.usage.completion_tokens - 1

    @property
    def began(self) -> float:
        """When its first token was there."""
        return self.ended - self.finished.timings.generation_seconds


def _reading(answers: Sequence[_Answer]) -> Trial:
    waits = tuple(answer.finished.timings.time_to_first_token for answer in answers)
    if min(waits) <= 0:
        raise WorkbenchError("The engine did not time its first token.", "Give a larger --prompt.")
    if min(answer.finished.usage.prompt_tokens for answer in answers) <= 0:
        raise Unsupported("The server does not tell how many tokens it read.", "Use --prompt 0.")
    each = tuple(answer.read / wait for answer, wait in zip(answers, waits, strict=True))
    return Trial(sum(answer.read for answer in answers) / max(waits), each, waits)


def _writing(answers: Sequence[_Answer]) -> Trial:
    speeds = [answer.finished.tokens_per_second for answer in answers]
    each = tuple(speed for speed in speeds if speed is not None)
    if len(each) < len(answers):
        raise WorkbenchError("The engine wrote too little to be timed.", "Give a larger --generate.")
    if len(each) == 1:
        return Trial(each[0], each)
    seconds = max(answer.ended for answer in answers) - min(answer.began for answer in answers)
    return Trial(sum(answer.steps for answer in answers) / seconds, each)


async def _answer(provider: Provider, prompt: Conversation | tuple[int, ...], max_tokens: int) -> _Answer:
    generation = Generation(prompt=prompt, sampling=_GREEDY, max_tokens=max_tokens, ignore_end=True)
    async with aclosing(cast(AsyncGenerator[Event, None], provider.generate(generation))) as events:
        async for event in events:
            if isinstance(event, Finished):
                return _Answer(event, time.perf_counter())
    raise WorkbenchError("The model's answer had no end.", "Update the engine.")
