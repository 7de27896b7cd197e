"""`workbench fit`: what a model takes in memory, whether it fits, and the settings that serve best."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from workbench import registry, wording
from workbench.cli import fit_report, output
from workbench.cli.fit_report import Report
from workbench.cli.option_types import MEMORY
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.machine import machine
from workbench.machine.cards import card
from workbench.memory import MemoryEstimate
from workbench.models.header_of_name import Named, named_header, siblings
from workbench.planning.aims import AIMS, MEANING, Aim
from workbench.planning.budget import fits
from workbench.planning.changes import cheapest_changes
from workbench.planning.checks import check
from workbench.planning.estimates import NO_ESTIMATOR, Estimates
from workbench.planning.frontier import KV_TYPES, Row, frontier
from workbench.planning.places import Places, Seen, described, on_this_machine
from workbench.planning.plan import CHOSEN, Plan, plan

EPILOG = """\b
Examples:
  workbench fit org/repo:Q4_K_M
  workbench fit org/repo:Q4_K_M --gpu "RTX 4090" --context 32768
  workbench fit MODEL.gguf --gpu 24GiB --gpu 12GiB --plan --aim longest-context
  workbench fit org/repo --gpu "M3 Max 64GB" --frontier
"""
_SETTINGS = {
    "context_length": ("context_length",),
    "kv_types": ("kv_type_k", "kv_type_v"),
    "micro_batch": ("micro_batch",),
    "gpu_layers": ("gpu_layers", "experts_on_cpu"),
    "experts_on_cpu": ("gpu_layers", "experts_on_cpu"),
    "tensor_overrides": ("gpu_layers", "experts_on_cpu"),
    "split": ("split",),
}
"""What a plan may no longer choose once a person has given the option."""


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.option("--plan", "wants_plan", is_flag=True, help="Find the best settings for an aim, and say why.")
@click.option(
    "--aim",
    type=click.Choice(AIMS),
    help="What the plan is for: " + "; ".join(f"{aim}: {meaning}" for aim, meaning in MEANING.items()) + ".",
)
@click.option(
    "--frontier", "wants_frontier", is_flag=True, help="Show where each quant and cache stops fitting."
)
@click.option(
    "--gpu",
    "gpus",
    multiple=True,
    metavar="CARD",
    help='Ask about this card, such as "RTX 4090" or 24GiB, instead of this machine\'s; repeatable.',
)
@click.option("--ram", type=MEMORY, help="Main memory that may be used, such as 64GiB.")
@click.option("--draft", metavar="MODEL", help="Count a draft model too.")
@click.option("--mmproj", type=click.Path(path_type=Path), help="Count this projector too.")
@json_option
@engine_options
@click.pass_context
def fit(
    context: click.Context,
    *,
    model: str,
    wants_plan: bool,
    aim: Aim | None,
    wants_frontier: bool,
    gpus: tuple[str, ...],
    ram: int | None,
    draft: str | None,
    mmproj: Path | None,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Tell what MODEL takes in memory, and whether that fits.

    MODEL is on this machine, or on the hub, where only its header is read. Nothing is loaded.
    """
    if gpus and settings.devices:
        raise click.UsageError("--gpu asks about cards that need not be here, --device about one that is.")
    cards, found = [card(text) for text in gpus], named_header(model)
    name = backend or registry.name_for(found.path or found.header.source_name)
    places = described(cards, ram, machine()) if cards else on_this_machine(name, machine(), ram)
    with _estimates(found, places, name, settings, draft, mmproj) as estimates:
        check(settings, estimates.shape, estimates.places)
        free = _free(context)
        planned = plan(estimates, settings, aim or "balanced", free) if wants_plan or aim else None
        report = _report(found, estimates, planned.settings if planned else settings, planned, mmproj)
        report.rows = _frontier(found, estimates, settings, free) if wants_frontier else ()
        if as_json:
            output.document(fit_report.document(report))
        else:
            fit_report.show(report)


def _estimates(
    found: Named,
    places: Places | Seen,
    backend: str,
    settings: EngineSettings,
    draft: str | None,
    projector: Path | None,
) -> Estimates:
    return Estimates(
        found.header,
        places,
        registry.load(backend).estimator(),
        draft=named_header(draft).header if draft else None,
        projector=projector,
        devices=settings.devices,
    )


def _report(
    found: Named,
    estimates: Estimates,
    settings: EngineSettings,
    planned: Plan | None,
    projector: Path | None,
) -> Report:
    settings = estimates.spelled(settings)
    estimate = estimates.ask(settings)
    verdict = fits(estimate, estimates.places.budget)
    changes = () if verdict.possible else cheapest_changes(estimates, settings)
    return Report(
        model=found.name,
        header=found.header,
        settings=settings,
        estimate=estimate,
        budget=estimates.places.budget,
        verdict=verdict,
        changes=changes,
        notes=(*estimate.notes, *estimates.places.notes, *_notes(found, estimate, settings, projector)),
        plan=planned,
        layers=estimates.shape.layers + 1,
    )


def _notes(
    found: Named, estimate: MemoryEstimate, settings: EngineSettings, projector: Path | None
) -> Iterator[str]:
    if estimate.basis == "formula":
        yield NO_ESTIMATOR
    trained, length = found.header.context_length, settings.context_length
    if trained and length and length > trained:
        yield f"A context of {length:,} tokens is longer than the {trained:,} the model was trained for."
    offered = found.variant.projector if found.variant else None
    if offered and not projector:
        yield f"Its projector, {offered.name} ({wording.size(offered.size_bytes)}), is not counted."


def _free(context: click.Context) -> frozenset[str]:
    """The settings that a plan may choose: those that no option was given for."""
    given = {
        name
        for option, names in _SETTINGS.items()
        if context.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT
        for name in names
    }
    return CHOSEN - given


def _frontier(
    found: Named, estimates: Estimates, settings: EngineSettings, free: frozenset[str]
) -> tuple[Row, ...]:
    status = StatusLine()
    status.show(f"reading the headers of {found.name}")
    try:
        models = siblings(found)
    finally:
        status.clear()
    if not models:
        raise InvalidRequest(
            f"{found.name} comes in no quantization that can be looked into.", "Name another."
        )
    rows = [(_label(one), Estimates(one.header, estimates.places)) for one in models]
    kinds = KV_TYPES if "kv_type_k" in free else (settings.kv_type_k,)
    return frontier(estimates, rows, settings, kinds, free)


def _label(model: Named) -> str:
    return model.variant.label if model.variant else model.header.quantization
