"""Requests to one address, many at once, and how each of them ended."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from tests.contract.answers import ask
from workbench.backend import Provider
from workbench.errors import WorkbenchError
from workbench.events import Finished, TextDelta
from workbench.generation import Generation
from workbench.sampling import SamplingSettings


@dataclass(frozen=True, slots=True)
class Ended:
    """One request: how many tokens came, after how many seconds the first and the last, and what ended it."""

    tokens: int
    first: float
    seconds: float
    end: Finished | WorkbenchError

    @property
    def whole(self) -> bool:
        return isinstance(self.end, Finished)


@dataclass(slots=True)
class Load:
    """`requests` requests, of which `at_once` are on their way."""

    provider: Provider
    requests: int
    at_once: int
    max_tokens: int | None = None
    done: int = 0

    async def run(self) -> list[Ended]:
        places = asyncio.Semaphore(self.at_once)

        async def one(number: int) -> Ended:
            async with places:
                ended = await self._ended(f"Say it, number {number}.")
                self.done += 1
                return ended

        return await asyncio.gather(*map(one, range(self.requests)))

    async def _ended(self, question: str) -> Ended:
        tokens, first, started = 0, 0.0, time.perf_counter()
        generation = Generation(
            prompt=ask(question), max_tokens=self.max_tokens, sampling=SamplingSettings(temperature=0)
        )
        try:
            async for event in self.provider.generate(generation):
                if isinstance(event, TextDelta):
                    first = first or time.perf_counter() - started
                    tokens += event.tokens
                elif isinstance(event, Finished):
                    return Ended(tokens, first, time.perf_counter() - started, event)
        except WorkbenchError as error:
            return Ended(tokens, first, time.perf_counter() - started, error)
        raise AssertionError("an answer ends with Finished or an error")
