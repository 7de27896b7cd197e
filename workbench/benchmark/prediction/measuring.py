"""Measures stand-ins within the time and memory there are: the whole model where that is quick, else cuts.

These are measured in turns, so that what disturbs one disturbs the other. Knows nothing of how figures are
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import product

from workbench.benchmark.prediction.cuts import Cut, best_cut
from workbench.benchmark.prediction.extrapolation import Sample, Step, deeper, whole
from workbench.benchmark.prediction.probes import Probe
from workbench.benchmark.prediction.schedule import LEAST_ROUNDS, Limits, Schedule
from workbench.benchmark.prediction.stand_in import StandIn, opened
from workbench.benchmark.prediction.traffic import Traffic
from workbench.benchmark.prediction.zones import in_one_place, undivided, zones
from workbench.benchmark.workload import SpeedTest
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied, InvalidModel, Unsupported
from workbench.gguf import Header
from workbench.ports import StandIns

_SMALL = 64 << 20
_LEAST_LAYERS = 3
_FIRST_SHARE = 3
"""The first cut is chosen as if a third of the layers could be measured."""
_TURNS = 16
"""How often a probe is run in all, at least."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is stood in for: its header, how the whole would be loaded, and by which engine."""

    header: Header
    settings: EngineSettings
    backend: str
    stand_ins: StandIns


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for each token of each test, of the whole model, and how many layers were measured."""

    samples: dict[SpeedTest, Sample]
    layers: int


class Measuring:
    """One model and some probes."""

    def __init__(
        self, model: Model, probes: Sequence[Probe], limits: Limits, show: Callable[[str], None]
    ) -> None:
        self._model, self._limits, self._show = model, limits, show
        self._probes = list(probes)
        self._traffic = Traffic(model.header, model.settings)

    @property
    def layers(self) -> int:
        """Those of the whole model."""
        return self._traffic.layers

    async def run(self) -> Measured:
        """Raises as `opened`, and Unsupported for settings that a part of a model cannot have."""
        if self._model.header.weights_bytes <= _SMALL or self.layers < _LEAST_LAYERS:
            return await self._on_whole()
        if self._model.settings.tensor_overrides:
            raise Unsupported(
                "Where single tensors go cannot be predicted from a part of a model.",
                "Leave --tensor-override out.",
            )
        async with AsyncExitStack() as stack:
            layers = self._first_layers()
            try:
                short = await self._open(stack, layers, undivided(self._model.settings))
            except (InvalidModel, EngineDied) as error:
                raise Unsupported(
                    f"The engine takes no part of a model of the kind {self._model.header.architecture}.",
                    "Fetch the model and measure it.",
                ) from error
            schedule = await self._begun(short, layers)
            if not schedule.whole_is_quick:
                return await self._on_cuts(stack, short, schedule)
        return await self._on_whole()

    def _first_layers(self) -> int:
        deep = any(probe.run.depth for probe in self._probes)
        least = min(self._traffic.widest_first, self.layers - 1) if deep else 1
        return best_cut(self._traffic, max(self.layers // _FIRST_SHARE, least + 1), least=least).short

    async def _begun(self, short: StandIn, layers: int) -> Schedule:
        """The schedule, once each probe was run; those that take too long are shortened for good."""
        self._show("measuring for the first time")
        costs = {}
        for probe in self._probes:
            cost = await short.seconds(probe.shallow)
            while cost * probe.size * _TURNS > self._limits.seconds and probe.shorter != probe:
                probe = probe.shorter
            costs[probe] = min(cost, await short.seconds(probe.shallow))
        self._probes = list(costs)
        return Schedule(self._traffic, self._model.header.weights_bytes, layers, costs, self._limits)

    async def _open(self, stack: AsyncExitStack, layers: int, settings: EngineSettings) -> StandIn:
        self._show(f"building a stand-in of {layers} of {self.layers} layers")
        header = self._model.stand_ins.shortened(self._model.header, layers)
        stand_in = opened(header, self._model.stand_ins, settings, self._model.backend)
        return await stack.enter_async_context(stand_in)

    async def _on_whole(self) -> Measured:
        async with AsyncExitStack() as stack:
            model = await self._open(stack, self.layers, self._model.settings)
            tests = [probe.run for probe in self._probes]
            (taken,) = await self._in_turns([model], tests, self._limits.rounds)
        return Measured({probe.asked: taken[probe.run] for probe in self._probes}, self.layers)

    async def _on_cuts(self, stack: AsyncExitStack, short: StandIn, schedule: Schedule) -> Measured:
        most = in_one_place(self._model.settings, self.layers)
        cut = schedule.cut(max(most, schedule.short + 1))
        parts = zones(self._model.settings, cut, self._traffic)
        longer = [await self._open(stack, cut.long, zone.settings) for zone in parts]
        tests = [probe.shallow for probe in self._probes]
        taken = await self._in_turns([short, *longer], tests, schedule.rounds(cut))
        samples = {}
        for probe in self._probes:
            base, *others = (of[probe.shallow] for of in taken)
            steps = [Step(other, zone.times) for other, zone in zip(others, parts, strict=True)]
            more = await self._depth(short, base, probe, cut, schedule.reach())
            samples[probe.asked] = whole(base, steps).plus(more)
        return Measured(samples, cut.long)

    async def _depth(self, short: StandIn, shallow: Sample, probe: Probe, cut: Cut, reach: int) -> float:
        """Seconds for each token that the depth of a test adds to the whole model."""
        if not probe.run.depth:
            return 0.0
        self._show(f"{probe.asked.name} at a depth of {probe.asked.depth}")
        run = replace(probe.run, depth=min(probe.run.depth, reach))
        await short.seconds(run)
        deep = Sample(tuple([await short.seconds(run) for _ in range(LEAST_ROUNDS)]))
        kept, first, every = self._traffic.kept, range(cut.short), range(self.layers)
        measured = (kept(first, 0), kept(first, run.depth))
        return deeper(shallow, deep, measured, kept(every, probe.middle) - kept(every, 0))

    async def _in_turns(
        self, models: Sequence[StandIn], tests: Sequence[SpeedTest], rounds: int
    ) -> list[dict[SpeedTest, Sample]]:
        """One test after the other, each on each model once for nothing and then in rounds."""
        found: list[dict[SpeedTest, list[float]]] = [{test: [] for test in tests} for _ in models]
        for test, number in product(dict.fromkeys(tests), range(rounds + 1)):
            self._show(f"round {number} of {rounds}" if number else "warming up")
            for model, of in zip(models, found, strict=True):
                of[test].append(await model.seconds(test))
        return [{test: Sample(tuple(seconds[1:])) for test, seconds in of.items()} for of in found]
