"""What is measured: which tests, how deep in the context, for how many requests at once, how often.

Knows nothing of time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest

Method = Literal["passes", "requests", "endpoint", "text"]
"""Passes over the model alone, as llama-bench has it: nothing is drawn and sent. Or whole requests: of
tokens, the same through a server's endpoint, or of text to a server that does not tell its tokens."""

_CONTEXT_STEP = 256


@dataclass(frozen=True, slots=True)
class SpeedTest:
    """One line of the table: reading `prompt` tokens or writing `generate`, after `depth` others.

    Attributes:
        requests: How many do so at once, each on its own; None for passes over the model alone.
        through_server: They come to a server's endpoint, as other programs ask it.
    """

    prompt: int
    generate: int
    depth: int
    requests: int | None = None
    through_server: bool = False

    @property
    def name(self) -> str:
        """As llama-bench has it: pp512 or tg128."""
        return f"pp{self.prompt}" if self.prompt else f"tg{self.generate}"

    @property
    def size(self) -> int:
        """Tokens that one request reads or writes."""
        return self.prompt or self.generate

    @property
    def parallel(self) -> int:
        return self.requests or 1

    @property
    def context_length(self) -> int:
        """Tokens of context that a request needs: generation begins with one token and is timed after one."""
        return self.depth + (self.prompt + 1 if self.prompt else self.generate + 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The tests and how often each is repeated.

    Attributes:
        prompt: Tokens to read, one size or several; 0 leaves that kind of test out. `generate` likewise.
        depths: Tokens that are in the context before.
        alone: Measure passes over the model alone, where the engine can time them, else one request.
        requests: Measure also so many whole requests at once.
        first_token: Tell of each prompt also how long a request waits for its first token.
    """

    prompt: int | tuple[int, ...] = 512
    generate: int | tuple[int, ...] = 128
    depths: tuple[int, ...] = (0,)
    alone: bool = True
    requests: tuple[int, ...] = ()
    first_token: bool = False
    repetitions: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        sizes = (*_several(self.prompt), *_several(self.generate), *self.depths)
        if min(sizes, default=0) < 0 or self.repetitions < 1 or min(self.requests, default=1) < 1:
            raise InvalidRequest("A size of the benchmark is negative.", "Give sizes of 0 or more.")
        if not self.tests:
            raise InvalidRequest("There is nothing to measure.", "Give --prompt or --generate a size.")

    @property
    def tests(self) -> tuple[SpeedTest, ...]:
        """Without repetition, in the order given, the passes alone before the requests."""
        counts = (*((None,) if self.alone else ()), *self.requests)
        sizes = [(prompt, 0) for prompt in _several(self.prompt) if prompt]
        sizes += [(0, generate) for generate in _several(self.generate) if generate]
        every = product(counts, self.depths, sizes)
        return tuple(dict.fromkeys(SpeedTest(*size, depth, count) for count, depth, size in every))

    @property
    def parallel(self) -> int:
        """Requests that the model must be loaded for."""
        return max((1, *self.requests))

    @property
    def context_length(self) -> int:
        """Enough for the largest test, in whole steps of the cache."""
        needed = max(test.context_length for test in self.tests)
        return -(-needed // _CONTEXT_STEP) * _CONTEXT_STEP


class RandomTokens:
    """Fresh tokens each time, the same ones for the same seed."""

    def __init__(self, vocabulary_size: int, seed: int) -> None:
        self._size = vocabulary_size
        self._random = random.Random(seed)

    def take(self, count: int) -> tuple[int, ...]:
        return tuple(self._random.randrange(self._size) for _ in range(count))


def with_room(settings: EngineSettings, workload: Workload) -> EngineSettings:
    """The settings with a context that the tests fit in. Raises InvalidRequest for one that is too small."""
    needed = workload.context_length
    if settings.context_length is not None and settings.context_length < needed:
        raise InvalidRequest(
            f"The tests need a context of {needed} tokens, not {settings.context_length}.",
            "Leave --context out, or measure less.",
        )
    length = settings.context_length or needed
    given = settings.given | {"context_length", "parallel"}
    return replace(settings, context_length=length, parallel=workload.parallel, given=given)


def _several(sizes: int | tuple[int, ...]) -> tuple[int, ...]:
    return sizes if isinstance(sizes, tuple) else (sizes,)
