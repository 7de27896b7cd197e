"""What there is time and memory to measure, judged by what a short stand-in took at the beginning.

Arithmetic alone: it measures nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.benchmark.prediction.cuts import Cut, best_cut
from workbench.benchmark.prediction.probes import Probe
from workbench.benchmark.prediction.traffic import Traffic

LEAST_ROUNDS = 2
_MOST_BYTES = 6 << 30
_COPIES = 2
"""The file of a stand-in, and its weights as the engine lays them out."""
_BYTES_PER_SECOND = 5e8
"""How fast a stand-in is written and loaded, to be careful."""
_READS_FASTER = 8
_DEEP_SHARE, _LEAST_DEPTH = 0.25, 512
"""How much of the time may go into reading what a deep test comes after, and how far it is read anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """About how many seconds measuring may take, how often each test is run, and bytes of memory."""

    seconds: float
    rounds: int
    memory: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """For a model of which the first `short` layers took `costs`: seconds for each token of each probe.

    `weights_bytes` are the whole model's.
    """

    traffic: Traffic
    weights_bytes: int
    short: int
    costs: Mapping[Probe, float]
    limits: Limits

    @property
    def whole_is_quick(self) -> bool:
        """Whether there is room and time for the whole model, written, loaded and measured."""
        every = self.traffic.layers
        needed = (self.limits.rounds + 1) * self._round(every) + self._prefixes(every)
        in_time = needed + self.weights_bytes / _BYTES_PER_SECOND <= self.limits.seconds
        return in_time and self._has_room(self.weights_bytes)

    def cut(self, most_layers: int) -> Cut:
        """The best of those that can be measured; one more layer than the short model has, at least."""
        each = self.traffic.stored_inside / self.traffic.layers
        outside, long = self.weights_bytes - self.traffic.stored_inside, self.short + 1
        while long < most_layers:
            if not (self._is_in_time(long + 1) and self._has_room(outside + each * (long + 1))):
                break
            long += 1
        return best_cut(self.traffic, long, short=self.short)

    def rounds(self, cut: Cut) -> int:
        """As many as asked for, or for which there is time beside the one that warms up."""
        one = self._round(cut.short) + self._round(cut.long)
        return max(LEAST_ROUNDS, min(self.limits.rounds, int(self.limits.seconds / one) - 1))

    def reach(self) -> int:
        """How many tokens the short model can read before its deep tests."""
        depths = sum({probe.run.depth for probe in self.costs})
        share = _DEEP_SHARE * self.limits.seconds / max(self._prefixes(self.short), 1e-9)
        return max(_LEAST_DEPTH, int(depths * min(1.0, share)))

    def _is_in_time(self, layers: int) -> bool:
        rounds = self.limits.rounds
        return (rounds + 1) * self._round(layers) + rounds * self._round(self.short) <= self.limits.seconds

    def _has_room(self, size: float) -> bool:
        return _COPIES * size <= min(_MOST_BYTES, self.limits.memory)

    def _round(self, layers: int) -> float:
        """Seconds of all probes, run once."""
        return sum(cost * probe.size * self._times(probe, layers) for probe, cost in self.costs.items())

    def _prefixes(self, layers: int) -> float:
        """Seconds to read once what the probes come after."""
        costs = self.costs.items()
        reading = [cost * self._times(probe, layers) for probe, cost in costs if probe.run.prompt]
        writing = [cost * self._times(probe, layers) / _READS_FASTER for probe, cost in costs]
        return sum({probe.run.depth for probe in self.costs}) * min(reading or writing)

    def _times(self, probe: Probe, layers: int) -> float:
        """How much more so many layers take than the short model does."""
        outside = 0 if probe.run.prompt else self.traffic.outside
        more, less = (outside + self.traffic.weights(range(end)) for end in (layers, self.short))
        return more / max(less, 1)
