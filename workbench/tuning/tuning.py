"""Tune one model for one aim: what is asked for, all that is done for it, and what came of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median

from workbench import registry
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported, WorkbenchError
from workbench.gguf import read_model
from workbench.machine import machine
from workbench.machine.disturbance import Disturbance, Surroundings
from workbench.planning.defaults import default_settings
from workbench.planning.formula import context_of
from workbench.runtime import open_model
from workbench.tuning.aim import Aim
from workbench.tuning.choosing import Known, known
from workbench.tuning.engines import Engines
from workbench.tuning.explaining import Effect, effects
from workbench.tuning.identity import Identity, identity
from workbench.tuning.knobs import Situation, knobs
from workbench.tuning.measuring import Sizes, Stopwatch
from workbench.tuning.memory_plan import MemoryPlan
from workbench.tuning.profile import Profile, changes, open_to
from workbench.tuning.profiles import kept
from workbench.tuning.search import Outcome, Search

Say = Callable[[str], None]
_USUAL_TURNS = 3
_DISTURBING = 0.25
"""Where others take this share of the processor, what is fastest beside them need not be so without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be tuned.

    Attributes:
        path: The model's file; `name` is what a person calls it.
        settings: What a person has chosen, which stays; a draft in it is one of the choices.
        lossy: Whether to try what changes answers.
        seconds: After which no further knob is turned.
    """

    name: str
    path: str
    settings: EngineSettings
    backend: str | None
    aim: Aim
    lossy: bool = False
    seconds: float = 300.0

    @property
    def draft(self) -> str | None:
        """Where it is found from any folder."""
        return os.path.abspath(self.settings.draft) if self.settings.draft else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it, in so many seconds; `before` is what was known, `surroundings` what went on beside."""

    order: Order
    outcome: Outcome
    effects: tuple[Effect, ...]
    sizes: Sizes
    profile: Profile
    seconds: float
    before: Known
    surroundings: Surroundings

    @property
    def is_disturbed(self) -> bool:
        return self.surroundings.others_cores > _DISTURBING * self.surroundings.cores


async def tune(order: Order, say: Say = lambda text: None) -> Report:
    """Measure and decide; nothing is kept.

    Raises Unsupported for what is not computed here or writes no text, and as opening a model does.
    """
    started, disturbance = time.monotonic(), Disturbance()
    backend = order.backend or registry.name_for(order.path)
    if registry.load(backend).opens != "engine":
        raise Unsupported(f"{order.name} is not computed by this machine.", "Tune it where it runs.")
    asked = _without_draft(order.settings, order.aim)
    usual = (await asyncio.to_thread(default_settings, order.path, asked, backend)).settings
    whose = await asyncio.to_thread(identity, order.path, backend)
    before = known(order.path, kept(), lambda: whose)
    with await asyncio.to_thread(MemoryPlan, order.path, usual, machine(), backend) as memory:
        engines = Engines(lambda settings: _opened(order.path, settings, backend), memory.at_once())
        try:
            stopwatch = Stopwatch(order.aim, engines)
            facts = await stopwatch.settle(usual)
            turned = knobs(order.aim, asked, _situation(order, memory, stopwatch.sizes))
            left = order.seconds - (time.monotonic() - started)
            search = Search(stopwatch, memory.refusal, left, engines.close, say)
            outcome = await search.run(usual, turned, _earlier(before, order, asked, usual))
            speed = await _usual_speed(search, outcome)
        finally:
            await engines.close()
    found = effects(outcome, turned)
    return Report(
        order=order,
        outcome=outcome,
        effects=found,
        sizes=stopwatch.sizes,
        profile=_profile(order, backend, whose, outcome, found, facts.context_length, speed),
        seconds=time.monotonic() - started,
        before=before,
        surroundings=disturbance.so_far(),
    )


def _without_draft(settings: EngineSettings, aim: Aim) -> EngineSettings:
    """What is usual: the draft that was named is a choice that is tried."""
    return replace(settings, draft=None, parallel=aim.parallel, given=settings.given - {"draft"})


async def _opened(model: str, settings: EngineSettings, backend: str) -> Provider:
    return await open_model(model, settings, backend=backend)


def _situation(order: Order, memory: MemoryPlan, sizes: Sizes) -> Situation:
    here = machine()
    return Situation(
        cores=here.physical_cores,
        logical_cores=here.logical_cores,
        performance_cores=here.performance_cores,
        prompt_tokens=sizes.prompt * order.aim.parallel,
        divisions=memory.divisions(),
        draft=order.draft,
        lossy=order.lossy,
    )


def _earlier(
    before: Known, order: Order, asked: EngineSettings, usual: EngineSettings
) -> EngineSettings | None:
    """What was fastest for this aim once, where it keeps to what is asked for now."""
    for profile in (*before.holding, *(one.profile for one in before.stale)):
        is_allowed = order.lossy or not profile.lossy
        if profile.kind == order.aim.kind and is_allowed:
            earlier = replace(usual, **open_to(profile, asked))
            return earlier if earlier.draft in (None, order.draft) else None
    return None


async def _usual_speed(search: Search, outcome: Outcome) -> float:
    if outcome.final is not None:
        return median(outcome.final.holder)
    turns = islice(search.turns, _USUAL_TURNS)
    return median([await search.measure(outcome.usual, turn) for turn in turns])


def _profile(
    order: Order,
    backend: str,
    whose: Identity,
    outcome: Outcome,
    found: tuple[Effect, ...],
    context_length: int,
    usual_speed: float,
) -> Profile:
    faster = outcome.final if outcome.settings != outcome.usual else None
    return Profile(
        model=order.name,
        path=os.path.realpath(order.path),
        size_bytes=Path(order.path).stat().st_size,
        backend=backend,
        identity=whose,
        kind=order.aim.kind,
        parallel=order.aim.parallel,
        context_length=context_length,
        usual_context=_usual_context(order, context_length),
        settings=changes(outcome.settings, outcome.usual),
        tuned=time.time(),
        usual_speed=usual_speed,
        tuned_speed=median(faster.rival) if faster else usual_speed,
        gain=faster.gain if faster else 0.0,
        lossy=faster is not None and any(effect.knob.lossy and effect.is_turned for effect in found),
    )


def _usual_context(order: Order, context_length: int) -> int:
    if order.settings.context_length is None:
        return context_length
    try:
        return context_of(EngineSettings(), read_model(order.path))
    except WorkbenchError:
        return context_length
