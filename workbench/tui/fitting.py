"""One model and one machine, asked again and again what would fit: the questions behind the fit screen.

All but `quick` wait for files, the network or an engine; call them off the event loop. Shows nothing.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from workbench import registry
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, LoadCancelled
from workbench.machine import Machine
from workbench.machine.cards import card
from workbench.memory import MemoryEstimate
from workbench.models.header_of_name import Named, named_header, siblings
from workbench.planning.aim import CHOSEN, Aim
from workbench.planning.budget import Budget, Verdict, fits
from workbench.planning.changes import Change, cheapest_changes
from workbench.planning.checks import check
from workbench.planning.estimates import Estimates
from workbench.planning.flags import flags
from workbench.planning.frontier import KV_TYPES, Row, frontier
from workbench.planning.places import described, on_this_machine
from workbench.planning.plan import Plan, plan
from workbench.planning.search import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What settings take and whether that fits; where it does not, what would help."""

    settings: EngineSettings
    estimate: MemoryEstimate
    verdict: Verdict
    budget: Budget
    changes: tuple[Change, ...] = ()


class Fitting:
    """Holds the engine's estimator open until it is closed."""

    def __init__(self, model: str, asked_of: str, machine: Machine) -> None:
        """`asked_of` are cards and main memory, such as "RTX 4090, 64GiB RAM"; "" is this machine.

        Raises WorkbenchError for a model or a card that cannot be.
        """
        parts = [part.strip() for part in asked_of.split(",") if part.strip()]
        self._ram = [part[:-3].strip() for part in parts if _is_ram(part)]
        self._cards = [part for part in parts if not _is_ram(part)]
        self.asked_of = bool(parts)
        self.named: Named = named_header(model)
        backend = registry.name_for(self.named.path if Path(self.named.path).is_file() else "model.gguf")
        ram = card(self._ram[0]).memory_bytes if self._ram else None
        places = described([card(text) for text in self._cards], ram, machine) if parts else None
        self._estimates = Estimates(
            self.named.header,
            places or on_this_machine(backend, machine),
            registry.load(backend).estimator(),
        )
        self._asking = Lock()
        self._closed = False
        self.usual = self._estimates.spelled(EngineSettings())

    @property
    def shape(self) -> Shape:
        return self._estimates.shape

    @property
    def notes(self) -> tuple[str, ...]:
        return self._estimates.places.notes

    @property
    def has_gpus(self) -> bool:
        return bool(self._estimates.places.cards)

    @property
    def can_be_loaded(self) -> bool:
        """Whether both the model and the cards are here."""
        return bool(self.named.path) and not self.asked_of

    def quick(self, settings: EngineSettings) -> Outlook:
        """By the formula, or what the engine said before. Raises InvalidRequest for what cannot be."""
        check(settings, self.shape, self._estimates.places)
        return self._outlook(settings, self._estimates.quick(settings))

    def asked(self, settings: EngineSettings) -> Outlook:
        """By the engine's own word, with what would help. Raises as Estimator.estimate."""
        with self._alone() as estimates:
            outlook = self._outlook(settings, estimates.ask(settings))
            if outlook.verdict.possible:
                return outlook
            return replace(outlook, changes=cheapest_changes(estimates, settings))

    def planned(self, settings: EngineSettings, aim: Aim) -> Plan:
        """Raises as `plan`."""
        with self._alone() as estimates:
            return plan(estimates, settings, aim)

    def frontier(self, settings: EngineSettings) -> tuple[Row, ...]:
        """Where each quantization that the model comes in stops fitting."""
        models = siblings(self.named)
        if not models:
            raise InvalidRequest(f"{self.named.name} comes in no quantization to look into.", "Name another.")
        with self._alone() as estimates:
            rows = [(_label(one), Estimates(one.header, estimates.places)) for one in models]
            return frontier(estimates, rows, settings, KV_TYPES, CHOSEN)

    def command(self, verb: str, settings: EngineSettings) -> str:
        """What does the same in a shell."""
        parts = ["workbench", verb, shlex.quote(self.named.name)]
        if verb == "fit":
            parts += [f"--gpu {shlex.quote(one)}" for one in self._cards]
            parts += [f"--ram {shlex.quote(one)}" for one in self._ram]
        return " ".join(part for part in (*parts, flags(settings)) if part)

    def close(self) -> None:
        with self._asking:
            self._closed = True
            self._estimates.__exit__(None, None, None)

    @contextmanager
    def _alone(self) -> Iterator[Estimates]:
        """The engine answers one question at a time, and none after the end: that would start it again."""
        with self._asking:
            if self._closed:
                raise LoadCancelled("Another model is looked at now.", "Ask about that one.")
            yield self._estimates

    def _outlook(self, settings: EngineSettings, estimate: MemoryEstimate) -> Outlook:
        budget = self._estimates.places.budget
        return Outlook(settings=settings, estimate=estimate, verdict=fits(estimate, budget), budget=budget)


def _label(model: Named) -> str:
    return model.variant.label if model.variant else model.header.quantization


def _is_ram(part: str) -> bool:
    return part.lower().endswith("ram")


async def opened(model: str, asked_of: str, machine: Machine) -> Fitting:
    """As Fitting; what is opened when nobody waits for it any more is closed again."""
    opening = asyncio.ensure_future(asyncio.to_thread(Fitting, model, asked_of, machine))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise


def _close(opening: asyncio.Future[Fitting]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
