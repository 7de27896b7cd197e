"""What is decided for a load that needs a decision, and how a person is told.

Knows how to ask the engine of the model's backend; which settings a person has set is seen from their values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench import registry, wording
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, WorkbenchError
from workbench.gguf import Header, read_model
from workbench.machine import Machine, machine
from workbench.planning.advice import advice, does_not_fit
from workbench.planning.changes import cheapest_changes
from workbench.planning.estimates import Estimates, draft_header, projector_of
from workbench.planning.formula import context_of
from workbench.planning.places import on_this_machine
from workbench.planning.plan import Plan, plan


@dataclass(frozen=True, slots=True)
class Decision:
    """Settings to load with, what to tell of them, and bytes of weights that memory has no room for."""

    settings: EngineSettings
    notices: tuple[str, ...] = ()
    paged_bytes: int = 0


def decided(
    model: str,
    header: Header,
    settings: EngineSettings,
    need: int,
    backend: str | None,
    most: int | None = None,
    ram_bytes: int | None = None,
) -> Decision:
    """Settings that fit. Raises DoesNotFit, naming the cheapest changes.

    `need` is what the model takes at most on the processor alone, `most` what it may take in all, and
    `ram_bytes` stand in for what is free of main memory.
    """
    here = machine()
    if ram_bytes is not None:
        here = replace(here, ram_free=ram_bytes)
    if not here.gpus and not settings.rpc_servers and need <= min(here.ram_free, most or need):
        return Decision(settings)
    with estimates_here(model, header, settings, here, backend, most) as estimates:
        found = plan(estimates, settings, "balanced", left_open(settings))
        if not found.verdict.possible:
            changes = cheapest_changes(estimates, found.settings)
            raise does_not_fit(header.source_name, found.verdict, changes)
        notices = _notices(found, settings, estimates.shape.layers + 1)
        asked = _as_asked(found.settings, settings, header)
        return Decision(asked, notices, found.verdict.paged_bytes)


def with_changes(
    error: DoesNotFit, model: str, settings: EngineSettings, backend: str | None = None
) -> DoesNotFit:
    """The error of a load that failed, with the changes that would let it succeed where there are any."""
    try:
        with estimates_here(model, read_model(model), settings, machine(), backend) as estimates:
            changes = cheapest_changes(estimates, settings)
    except WorkbenchError:
        return error
    return DoesNotFit(error.message, advice(changes)) if changes else error


def estimates_here(
    model: str,
    header: Header,
    settings: EngineSettings,
    here: Machine,
    backend: str | None,
    most: int | None = None,
) -> Estimates:
    """Estimates of the model on this machine, by the engine that would load it."""
    name = backend or registry.name_for(model)
    places = on_this_machine(name, here, most=most, rpc_servers=settings.rpc_servers)
    draft, projector = draft_header(settings), projector_of(settings)
    estimator = registry.load(name).estimator()
    return Estimates(header, places, estimator, draft=draft, projector=projector, asked=settings)


def left_open(settings: EngineSettings) -> frozenset[str]:
    """What a person left open; caches and micro-batches stay what they are unless somebody asks."""
    free = {"context_length"} if settings.context_length is None else set()
    if settings.gpu_layers is None and not settings.experts_on_cpu and not settings.tensor_overrides:
        free |= {"gpu_layers", "experts_on_cpu"}
    return frozenset(free if settings.split else {*free, "split"})


def _as_asked(planned: EngineSettings, asked: EngineSettings, header: Header) -> EngineSettings:
    """A context that is the engine's own choice anyway is left to it, so that its own words stay true."""
    usual = planned.context_length == context_of(asked, header)
    return replace(planned, context_length=asked.context_length) if usual else planned


def _notices(found: Plan, asked: EngineSettings, layers: int) -> tuple[str, ...]:
    notices, settings = list(found.remarks), found.settings
    if settings.gpu_layers is not None and asked.gpu_layers is None:
        notices.append(f"{settings.gpu_layers} of {layers} layers go to the GPU: more do not fit.")
    if settings.experts_on_cpu and not asked.experts_on_cpu:
        kept = wording.count(settings.experts_on_cpu, "layer")
        notices.append(f"The experts of {kept} stay in main memory: the GPU has no room for them.")
    if found.verdict.paged_bytes:
        paged = wording.size(found.verdict.paged_bytes)
        notices.append(
            f"{paged} of the weights find no room in memory and are read from the disk again and again: "
            "it will be slow."
        )
    elif found.verdict.fit == "tight":
        notices.append("It fits, but only just.")
    return tuple(notices)
