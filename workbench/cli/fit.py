"""`workbench fit`: what a model takes in memory, whether it fits, and the settings that serve best.

The engine's estimator starts first; what takes long to import is imported while it does.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench import registry
from workbench.cli import output
from workbench.cli.loading import with_paths
from workbench.cli.option_types import MEMORY
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings
from workbench.planning.aim import AIMS, CHOSEN, MEANING, Aim

if TYPE_CHECKING:
    from workbench.planning.places import Places, Seen

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
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Tell what MODEL takes in memory, and whether that fits.

    MODEL is on this machine, or on the hub, where only its header is read. Nothing is loaded.
    """
    if gpus and (settings.devices or settings.rpc_servers):
        raise click.UsageError(
            "--gpu asks about cards that need not be here, --device and --rpc about others."
        )
    name = backend or registry.name_for(model if Path(model).is_file() else "model.gguf")
    with ExitStack() as opened:
        estimator = registry.load(name).estimator()
        if estimator is not None:
            opened.callback(estimator.close)
            estimator.prepare()
        from workbench.cli.fit_findings import Question, report_of

        settings = with_paths(settings)
        mmproj = Path(settings.projector) if settings.projector else None
        aim = aim or ("balanced" if wants_plan else None)
        places = _places(name, gpus, ram, settings.rpc_servers)
        asked = Question(model, places, settings, mmproj, aim, wants_frontier, _free(context))
        report = report_of(asked, estimator)
    from workbench.cli import fit_report

    if as_json:
        output.document(fit_report.document(report))
    else:
        fit_report.show(report)


def _places(
    backend: str, gpus: tuple[str, ...], ram: int | None, rpc_servers: tuple[str, ...]
) -> Places | Seen:
    from workbench.machine import machine
    from workbench.machine.cards import card
    from workbench.planning.places import described, on_this_machine

    if gpus:
        return described([card(text) for text in gpus], ram, machine())
    return on_this_machine(backend, machine(), ram, rpc_servers=rpc_servers)


def _free(context: click.Context) -> frozenset[str]:
    """The settings that a plan may choose: those that no option was given for."""
    given = {
        name
        for option, names in _SETTINGS.items()
        if context.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT
        for name in names
    }
    return CHOSEN - given
