"""Which settings fit into the memory that there is, so that the others are never tried.

The engine itself is asked what they take, before anything is loaded. Where nobody can tell, as of a script,
everything counts as fitting. Knows no speed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType

from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.gguf import read_model
from workbench.machine import Machine
from workbench.planning.budget import Verdict, fits
from workbench.planning.deciding import estimates_here
from workbench.planning.estimates import Estimates
from workbench.planning.search import Search

MOST_AT_ONCE = 4
_DIVISION = frozenset({"gpu_layers", "experts_on_cpu", "split"})


class MemoryPlan:
    """The engine's word about one model on this machine. Close it when all is asked."""

    def __init__(self, model: str, usual: EngineSettings, here: Machine, backend: str | None) -> None:
        """`usual` are the settings without tuning; where they are tight, others may be so too."""
        self._usual = usual
        self._about = (model, here, backend)
        self._asked: dict[str | None, Estimates] = {}
        try:
            self._alone: Estimates | None = self._estimates(usual)
            self._is_tight = self._verdict(usual).fit == "tight"
        except WorkbenchError:
            self._alone = None

    def refusal(self, settings: EngineSettings) -> str:
        """Why they are not tried, in a sentence; "" where they fit."""
        if self._alone is None:
            return ""
        try:
            verdict = self._verdict(settings)
        except WorkbenchError as error:
            return error.message
        fits_too = verdict.fit == "fits" or (verdict.fit == "tight" and self._is_tight)
        return "" if fits_too else "It does not fit in memory with room to spare."

    def divisions(self) -> tuple[EngineSettings, ...]:
        """The usual way to divide the model over the devices, and others; none without a GPU."""
        if self._alone is None or not self._alone.places.cards:
            return ()
        return tuple(dict.fromkeys([self._usual, *self._others(self._alone)]))

    def at_once(self) -> int:
        """For how many engines there is room. What they map of the model's file they share."""
        if self._alone is None:
            return 1
        estimate, budget = self._alone.quick(self._usual), self._alone.places.budget
        needs = [device.total_bytes for device in estimate.devices]
        host, mapped = estimate.host, estimate.host.mapped_bytes
        own = host.total_bytes - mapped + (sum(needs) if budget.unified else 0)
        rooms = zip((*budget.devices, budget.host - mapped), (*needs, own), strict=True)
        return max(1, min(MOST_AT_ONCE, *(has // max(1, takes) for has, takes in rooms)))

    def close(self) -> None:
        while self._asked:
            self._asked.popitem()[1].__exit__(None, None, None)

    def __enter__(self) -> MemoryPlan:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _verdict(self, settings: EngineSettings) -> Verdict:
        estimates = self._estimates(settings)
        return fits(estimates.ask(settings), estimates.places.budget)

    def _estimates(self, settings: EngineSettings) -> Estimates:
        """One for the model alone, and one for each draft model beside it."""
        if settings.draft not in self._asked:
            model, here, backend = self._about
            self._asked[settings.draft] = estimates_here(model, read_model(model), settings, here, backend)
        return self._asked[settings.draft]

    def _others(self, estimates: Estimates) -> Iterator[EngineSettings]:
        """Those that the plan weighs, all in equal parts, each device alone, and the processor alone."""
        undivided = replace(self._usual, gpu_layers=None, experts_on_cpu=0, split=())
        search = Search(estimates.quick, estimates.places.budget, estimates.shape, _DIVISION)
        yield from (candidate.settings for candidate in search.divisions(undivided))
        cards = len(estimates.places.cards)
        if cards > 1:
            yield replace(undivided, split=(1.0,) * cards)
            for chosen in range(cards):
                yield replace(undivided, split=tuple(float(card == chosen) for card in range(cards)))
        yield replace(undivided, gpu_layers=0)
