"""What was measured: one test's Result, and the Run of all tests on one model.

Plain values. Speeds are in tokens per second, times in seconds, energy in joules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median, stdev
from typing import Literal

from workbench.backend import ModelFacts
from workbench.benchmark.noise import outliers, quantile, trend
from workbench.benchmark.workload import Method, SpeedTest
from workbench.engine_settings import EngineSettings
from workbench.machine.disturbance import Surroundings

_NOISY_SHARE = 0.05
FlagKind = Literal["outlier", "drift", "neighbour", "throttled", "slow clock"]


@dataclass(frozen=True, slots=True)
class Flag:
    """A reason to trust a result less, in a sentence."""

    kind: FlagKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstToken:
    """Seconds from asking to the first token: the middle one of all requests, and what 95 % stay below."""

    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Result:
    """Repetitions of one test.

    Attributes:
        samples: Tokens per second of each repetition, of all its requests together.
        method: "passes" over the model alone, or whole "requests".
        each: Tokens per second of each single request, of all repetitions.
        waits: Seconds to the first token of each single request; () where none was looked at.
        joules: What the processor and the cards took in each repetition; () where the system does not tell.
        surroundings: What else the machine did meanwhile, None where nobody looked.
    """

    test: SpeedTest
    samples: tuple[float, ...]
    method: Method = "requests"
    each: tuple[float, ...] = ()
    waits: tuple[float, ...] = ()
    joules: tuple[float, ...] = ()
    surroundings: Surroundings | None = None

    @property
    def tokens_per_second(self) -> float:
        return median(self.samples)

    @property
    def spread(self) -> float:
        """Standard deviation of the repetitions, in tokens per second; 0 for a single one."""
        return stdev(self.samples) if len(self.samples) > 1 else 0.0

    @property
    def tokens_per_second_each(self) -> float:
        """Of one request among those at once."""
        return median(self.each) if self.each else self.tokens_per_second / self.test.parallel

    @property
    def first_token(self) -> FirstToken | None:
        return FirstToken(median=median(self.waits), p95=quantile(self.waits, 0.95)) if self.waits else None

    @property
    def joules_per_token(self) -> float | None:
        return median(self.joules) / (self.test.size * self.test.parallel) if self.joules else None

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What makes it doubtful; none for a result to rely on."""
        found = [_outlier(self, place) for place in outliers(self.samples)]
        if change := trend(self.samples):
            way = "slower" if change < 0 else "faster"
            found.append(Flag("drift", f"It became {abs(change):.0%} {way} from repetition to repetition."))
        return (*found, *(_around(self.surroundings) if self.surroundings else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMemory:
    """The most that the engine's process held of the main memory, model files included, and of each card."""

    host_bytes: int
    cards: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All tests on one model.

    Attributes:
        model: What the person called it; path is its file, or its address.
        settings: How it was loaded, its context length included.
        memory: None where the engine has no process of its own here.
    """

    model: str
    path: str
    backend: str
    facts: ModelFacts
    settings: EngineSettings
    started: datetime
    seconds: float
    results: tuple[Result, ...]
    memory: PeakMemory | None = None


def _outlier(result: Result, place: int) -> Flag:
    far = result.samples[place] / result.tokens_per_second - 1
    return Flag(
        "outlier", f"Repetition {place + 1} is {abs(far):.0%} {'above' if far > 0 else 'below'} the median."
    )


def _around(seen: Surroundings) -> list[Flag]:
    found = []
    if seen.others_cores > _NOISY_SHARE * seen.cores:
        found.append(
            Flag("neighbour", f"Other programs took {seen.others_cores:.1f} of {seen.cores} cores meanwhile.")
        )
    if seen.throttled:
        found.append(Flag("throttled", f"The processor slowed down for its heat {seen.throttled} times."))
    if seen.clock_change is not None and seen.clock_change < -_NOISY_SHARE:
        found.append(
            Flag("slow clock", f"The processor's clock fell by {-seen.clock_change:.0%} from first to last.")
        )
    return found
