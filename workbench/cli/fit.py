"""`workbench fit`: what a model takes in memory, whether it fits, and the settings that serve best."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench import registry
from workbench.cli import fit_report, output
from workbench.cli.fit_findings import frontier_of, reported
from workbench.cli.option_types import MEMORY
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings
from workbench.machine import machine
from workbench.machine.cards import card
from workbench.models.header_of_name import named_header
from workbench.planning.aim import AIMS, CHOSEN, MEANING, Aim
from workbench.planning.checks import check
from workbench.planning.estimates import Estimates
from workbench.planning.places import described, on_this_machine

if TYPE_CHECKING:
    from workbench.planning.plan import Plan

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
    cards = [card(text) for text in gpus]
    name = backend or registry.name_for(model if Path(model).is_file() else "model.gguf")
    with ExitStack() as opened:
        estimator = registry.load(name).estimator()
        if estimator is not None:
            opened.callback(estimator.close)
            estimator.prepare()
        found = named_header(model)
        beside = named_header(draft).header if draft else None
        places = described(cards, ram, machine()) if cards else on_this_machine(name, machine(), ram)
        estimates = Estimates(
            found.header, places, estimator, draft=beside, projector=mmproj, devices=settings.devices
        )
        check(settings, estimates.shape, estimates.places)
        free = _free(context)
        planned = _planned(estimates, settings, aim, free) if wants_plan or aim else None
        report = reported(found, estimates, planned.settings if planned else settings, planned, mmproj)
        report.rows = frontier_of(found, estimates, settings, free) if wants_frontier else ()
    if as_json:
        output.document(fit_report.document(report))
    else:
        fit_report.show(report)


def _planned(estimates: Estimates, settings: EngineSettings, aim: Aim | None, free: frozenset[str]) -> Plan:
    from workbench.planning.plan import plan

    return plan(estimates, settings, aim or "balanced", free)


def _free(context: click.Context) -> frozenset[str]:
    """The settings that a plan may choose: those that no option was given for."""
    given = {
        name
        for option, names in _SETTINGS.items()
        if context.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT
        for name in names
    }
    return CHOSEN - given
