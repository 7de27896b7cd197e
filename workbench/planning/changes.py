"""The cheapest changes that make a model fit where it does not, each checked with the engine.

A change is one setting, or two where one alone does not do. Cheap is what costs a person least: first what
only takes time, then what takes context or exactness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.memory import MemoryEstimate
from workbench.planning.attempt import STEP, longest
from workbench.planning.bisection import last
from workbench.planning.budget import Verdict, fits
from workbench.planning.cache import is_quantized
from workbench.planning.estimates import Estimates
from workbench.planning.flags import flags
from workbench.planning.search import Search

MOST = 3
_SHORTEST = 512
_SMALL_BATCH = 128
_CHECKS = 3
_DIVISION = frozenset({"gpu_layers", "experts_on_cpu", "split"})


@dataclass(frozen=True, slots=True)
class Change:
    """Settings that fit, how they are asked for, and what they take."""

    settings: EngineSettings
    flags: str
    estimate: MemoryEstimate
    verdict: Verdict


def cheapest_changes(estimates: Estimates, settings: EngineSettings) -> tuple[Change, ...]:
    """Up to three changes, the cheapest first; none where nothing helps."""
    settings = estimates.spelled(settings)
    found: list[Change] = []
    for way in _ways(estimates, settings):
        change = _checked(estimates, settings, way)
        if change is not None and change.flags not in (one.flags for one in found):
            found.append(change)
        if len(found) == MOST:
            break
    return tuple(found)


Way = Callable[[], EngineSettings | None]
"""Finds settings that fit by what is known so far."""


def _checked(estimates: Estimates, settings: EngineSettings, way: Way) -> Change | None:
    """The engine may disagree with the formula; what it says is known when the way is tried again."""
    for _ in range(_CHECKS):
        changed = way()
        if changed is None:
            return None
        try:
            estimate = estimates.ask(changed)
        except WorkbenchError:
            return None
        verdict = fits(estimate, estimates.places.budget)
        if verdict.possible:
            return Change(changed, flags(changed, settings), estimate, verdict)
    return None


def _ways(estimates: Estimates, settings: EngineSettings) -> Iterator[Way]:
    ways = _Ways(estimates)
    small = replace(settings, micro_batch=min(_SMALL_BATCH, settings.micro_batch))
    exact = settings.flash_attention != "off" and not is_quantized(settings.kv_type_k)
    quantized = replace(settings, kv_type_k="q8_0", kv_type_v="q8_0") if exact else settings
    yield lambda: ways.divided(settings)
    yield lambda: ways.as_it_is(small)
    yield lambda: ways.as_it_is(quantized)
    yield lambda: ways.shorter(settings)
    yield lambda: ways.fewer_requests(settings)
    yield lambda: ways.divided(quantized)
    yield lambda: ways.divided_and_shorter(settings)
    if not ways.as_it_is(quantized):
        yield lambda: ways.shorter(replace(quantized, micro_batch=small.micro_batch))


class _Ways:
    """Each changes one thing as little as possible."""

    def __init__(self, estimates: Estimates) -> None:
        self._estimates = estimates
        self._budget = estimates.places.budget
        self._search = Search(estimates.quick, self._budget, estimates.shape, _DIVISION)

    def as_it_is(self, settings: EngineSettings) -> EngineSettings | None:
        return settings if fits(self._estimates.quick(settings), self._budget).possible else None

    def divided(self, settings: EngineSettings) -> EngineSettings | None:
        """Other layers, or the experts of other layers, on the GPUs."""
        if not self._estimates.places.cards:
            return None
        candidate = self._search.divided(replace(settings, gpu_layers=None, experts_on_cpu=0))
        return candidate.settings if candidate.verdict.possible else None

    def shorter(self, settings: EngineSettings) -> EngineSettings | None:
        return self._shorter(settings, self.as_it_is)

    def divided_and_shorter(self, settings: EngineSettings) -> EngineSettings | None:
        """Where no division fits, the longest context for which one does."""
        return None if self.divided(settings) else self._shorter(settings, self.divided)

    def fewer_requests(self, settings: EngineSettings) -> EngineSettings | None:
        count = last(
            1,
            settings.parallel - 1,
            lambda count: self.as_it_is(replace(settings, parallel=count)) is not None,
        )
        return None if count is None else replace(settings, parallel=count)

    def _shorter(
        self, settings: EngineSettings, way: Callable[[EngineSettings], EngineSettings | None]
    ) -> EngineSettings | None:
        most = ((settings.context_length or 0) - 1) // STEP * STEP
        found = longest(
            _SHORTEST, most, lambda context: way(replace(settings, context_length=context)) is not None
        )
        return None if found is None else way(replace(settings, context_length=found))
