"""What an opened model takes from outside: passes alone, whole requests, a few tokens checked, text split.

Each is done once for nothing, and then as often as there is patience for. Knows nothing of the inside.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from workbench.backend import Provider
from workbench.benchmark.account import Timed
from workbench.benchmark.suggestions import DRAFTED
from workbench.benchmark.trials import Passes, Requests, Trials
from workbench.benchmark.workload import RandomTokens, SpeedTest

WRITTEN = 24
"""Tokens that are written at a time."""
_ROUNDS, _PATIENCE_SECONDS = 3, 4.0
_SPLIT = 500
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Seconds.

    Attributes:
        write: Of one token; read: of the whole prompt.
        checking: Of a pass with one token and DRAFTED more.
        tokenizing: Of the text of one token.
    """

    write: Timed
    read: Timed
    checking: float
    tokenizing: float


class OpenModel:
    """Measured always after the same tokens, `depth` of them, with prompts of so many."""

    def __init__(self, provider: Provider, depth: int, prompt: int) -> None:
        self._provider = provider
        self._tokens = RandomTokens(provider.facts.vocabulary_size, 0)
        self._before = self._tokens.take(depth)
        self._write, self._read = SpeedTest(0, WRITTEN, depth), SpeedTest(prompt, 0, depth)

    async def around(self) -> Around:
        """Raises Unsupported where the engine times no passes."""
        write, read = await self._timed(self._write), await self._timed(self._read)
        return Around(
            write=Timed(bare=write.bare / WRITTEN, whole=write.whole / WRITTEN),
            read=read,
            checking=median(await _repeated(self._check)),
            tokenizing=await self._tokenizing(),
        )

    async def bare(self) -> tuple[float, float]:
        """Seconds of a token written and of a prompt read, by passes alone."""
        return await self._alone(self._write) / WRITTEN, await self._alone(self._read)

    async def _alone(self, test: SpeedTest) -> float:
        return median(await _repeated(lambda: self._seconds(Passes, test)))

    async def _timed(self, test: SpeedTest) -> Timed:
        """In turns, so that both meet the same machine."""

        async def both() -> tuple[float, float]:
            return await self._seconds(Passes, test), await self._seconds(Requests, test)

        bare, whole = zip(*await _repeated(both), strict=True)
        return Timed(bare=median(bare), whole=median(whole))

    async def _seconds(self, kind: type[Trials], test: SpeedTest) -> float:
        trials = kind(self._provider, test, self._before, self._tokens)
        await trials.prepare()
        return test.size / (await trials.run()).tokens_per_second

    async def _check(self) -> float:
        tokens = self._tokens.take(1 + DRAFTED)
        return await self._provider.time_passes(self._before, tokens, together=True)

    async def _tokenizing(self) -> float:
        text = await self._provider.detokenize(self._tokens.take(_SPLIT))
        started = time.perf_counter()
        split = await self._provider.tokenize(text)
        return (time.perf_counter() - started) / max(1, len(split))


async def _repeated(once: Callable[[], Awaitable[Found]]) -> list[Found]:
    """At least once, after one that does not count."""
    await once()
    found, started = [await once()], time.perf_counter()
    while len(found) < _ROUNDS and time.perf_counter() - started < _PATIENCE_SECONDS:
        found.append(await once())
    return found
