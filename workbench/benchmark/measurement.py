"""Run a workload against an opened model and turn its own timings into speeds.

The definitions are llama-bench's: pp N is N random tokens read at once, tg N is N tokens written one by one,
each after `depth` tokens that are in the cache. Knows nothing of tables.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from workbench.backend import Provider
from workbench.benchmark.result import PeakMemory, Result, Run
from workbench.benchmark.trials import WORDS, Passes, Requests, Texts, Trial, Trials
from workbench.benchmark.workload import RandomTokens, SpeedTest, Workload
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.machine.disturbance import Disturbance
from workbench.machine.energy import EnergyMeter
from workbench.machine.gpus import gpus
from workbench.machine.process_memory import card_memory, peak_memory
from workbench.runtime.engine_provider import EngineProvider

Progress = Callable[[str], None]


async def measure(
    provider: Provider,
    workload: Workload,
    progress: Progress = lambda text: None,
    *,
    endpoint: Provider | None = None,
    pids: Sequence[int] = (),
) -> list[Result]:
    """Every test of the workload, each after one run that does not count.

    Where the same model is reached through an `endpoint` too, each test is followed by the same one there.
    `pids` are the processes that are at work for it, beside the provider's own.

    Raises Unsupported for a depth where the engine keeps no prefix in its cache.
    """
    with closing(EnergyMeter()) as energy:
        pids = (*pids, *_pids(provider))
        bare = _Measuring(provider, workload, progress, energy, pids)
        if endpoint is None:
            return [await bare.result(test) for test in workload.tests]
        others = replace(workload, seed=workload.seed + 1)  # or the engine would know the prompts
        served, results = _Measuring(endpoint, others, progress, energy, pids), dict[SpeedTest, Result]()
        for test in workload.tests:
            results[test] = await bare.result(test)
            whole = replace(test, requests=test.parallel, through_server=True)
            if whole not in results:
                results[whole] = replace(await served.result(whole), method="endpoint")
        return list(results.values())


async def run(
    provider: Provider,
    workload: Workload,
    *,
    model: str,
    path: str,
    settings: EngineSettings,
    progress: Progress = lambda text: None,
    endpoint: Provider | None = None,
    pids: Sequence[int] = (),
) -> Run:
    """As `measure`, with what a reader must know of the model, and what it took of the memory.

    `model` is what the person calls it, `path` its file or address.
    """
    started, begun = datetime.now(UTC), time.perf_counter()
    results = await measure(provider, workload, progress, endpoint=endpoint, pids=pids)
    return Run(
        model=model,
        path=path,
        backend=provider.backend if isinstance(provider, EngineProvider) else "",
        facts=provider.facts,
        settings=provider.settings if isinstance(provider, EngineProvider) else settings,
        started=started,
        seconds=time.perf_counter() - begun,
        results=tuple(results),
        memory=await asyncio.to_thread(_memory, (*pids, *_pids(provider))),
    )


@dataclass(slots=True)
class _Measuring:
    """What the tests of one workload share: the tokens, of each depth the same, and the meter."""

    provider: Provider
    workload: Workload
    progress: Progress
    energy: EnergyMeter
    pids: Sequence[int]
    tokens: RandomTokens = field(init=False)
    prefixes: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tokens = RandomTokens(self.provider.facts.vocabulary_size or len(WORDS), self.workload.seed)

    @property
    def whole(self) -> type[Requests]:
        """How whole requests are made: of text where the tokens are not known."""
        return Requests if self.provider.facts.vocabulary_size else Texts

    async def result(self, test: SpeedTest) -> Result:
        measured = await self._measured(test)
        if self.workload.first_token and test.prompt and not measured.waits:
            whole = await self._repeated(self._trials(self.whole, test), f"{test.name}, first token")
            return replace(measured, waits=whole.waits)
        return measured

    async def _measured(self, test: SpeedTest) -> Result:
        if test.requests is None:
            try:
                return await self._repeated(self._trials(Passes, test), test.name)
            except Unsupported:  # then a whole request tells
                pass
        several = f"{test.name} of {test.requests}" if test.parallel > 1 else test.name
        return await self._repeated(self._trials(self.whole, test), several)

    def _trials(self, kind: type[Trials], test: SpeedTest) -> Trials:
        if test.depth not in self.prefixes:
            self.prefixes[test.depth] = self.tokens.take(test.depth)
        return kind(self.provider, test, self.prefixes[test.depth], self.tokens)

    async def _repeated(self, trials: Trials, name: str) -> Result:
        self.progress(f"{name}, warming up")
        await trials.prepare()
        await trials.run()
        disturbance = Disturbance(self.pids)
        done = [
            await self._timed(trials, f"{name}, {number + 1}") for number in range(self.workload.repetitions)
        ]
        joules = tuple(used for _, used in done if used is not None)
        return Result(
            trials.test,
            tuple(trial.tokens_per_second for trial, _ in done),
            trials.method,
            each=tuple(speed for trial, _ in done for speed in trial.each),
            waits=tuple(wait for trial, _ in done for wait in trial.first_token),
            joules=joules if len(joules) == len(done) else (),
            surroundings=disturbance.so_far(),
        )

    async def _timed(self, trials: Trials, name: str) -> tuple[Trial, float | None]:
        """One trial, and the joules it took where those are counted."""
        self.progress(f"{name} of {self.workload.repetitions}")
        await trials.prepare()
        before = self.energy.joules()
        trial = await trials.run()
        after = self.energy.joules()
        return trial, None if before is None or after is None else after - before


def _pids(provider: Provider) -> Sequence[int]:
    """The engine's process, where it is one of ours."""
    pid = getattr(provider, "pid", None)
    return () if pid is None else (pid,)


def _memory(pids: Sequence[int]) -> PeakMemory | None:
    """What cards hold grows while a model is used and never shrinks, so the end tells the most."""
    peaks = {pid: peak for pid in pids if (peak := peak_memory(pid)) is not None}
    if not peaks:
        return None
    cards = gpus()
    held = Counter[str]()
    for pid in peaks:
        held.update(card_memory(pid, cards))
    return PeakMemory(host_bytes=sum(peaks.values()), cards=dict(held))
