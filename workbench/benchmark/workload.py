"""What is measured: which tests, how deep in the context, how often, and on which tokens.

Knows nothing of time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from workbench.errors import InvalidRequest

_CONTEXT_STEP = 256


@dataclass(frozen=True, slots=True)
class SpeedTest:
    """One line of the table: reading `prompt` tokens or writing `generate`, after `depth` others."""

    prompt: int
    generate: int
    depth: int

    @property
    def name(self) -> str:
        """As llama-bench has it: pp512 or tg128."""
        return f"pp{self.prompt}" if self.prompt else f"tg{self.generate}"

    @property
    def context_length(self) -> int:
        """Tokens of context that the test needs: generation begins with one token and is timed after one."""
        return self.depth + (self.prompt + 1 if self.prompt else self.generate + 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The tests and how often each is repeated; a size of 0 leaves that kind of test out."""

    prompt: int = 512
    generate: int = 128
    depths: tuple[int, ...] = (0,)
    repetitions: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if min((self.prompt, self.generate, *self.depths), default=0) < 0 or self.repetitions < 1:
            raise InvalidRequest("A size of the benchmark is negative.", "Give sizes of 0 or more.")
        if not self.tests:
            raise InvalidRequest("There is nothing to measure.", "Give --prompt or --generate a size.")

    @property
    def tests(self) -> tuple[SpeedTest, ...]:
        sizes = ((self.prompt, 0), (0, self.generate))
        return tuple(SpeedTest(p, g, depth) for depth in self.depths for p, g in sizes if p or g)

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
