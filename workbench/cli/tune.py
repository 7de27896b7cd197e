"""`workbench tune`: the settings with which a model is fastest on this machine, found by measuring."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from workbench.cli import output
from workbench.cli.loading import with_paths
from workbench.cli.option_types import DURATION
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.models import locate
from workbench.models.runnable import runnable
from workbench.tuning.aim import KINDS, USUAL_REQUESTS, Aim

if TYPE_CHECKING:
    from workbench.tuning.profile import Profile

EPILOG = """\b
Examples:
  workbench tune MODEL
  workbench tune MODEL --for prompt --context 16384
  workbench tune MODEL --for serving 8 --draft SMALL
  workbench tune --show
"""
_MOST_REQUESTS = 256


class TuneCommand(SectionedCommand):
    """Lets a number follow `--for serving`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for place in range(len(args) - 2):
            if args[place : place + 2] == ["--for", "serving"] and args[place + 2].isdecimal():
                args = [*args[: place + 1], f"serving {args[place + 2]}", *args[place + 3 :]]
                break
        return super().parse_args(ctx, args)


class _Aims(click.ParamType[Aim]):
    name = "aim"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "generation|prompt|serving [N]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Aim:
        if isinstance(value, Aim):
            return value
        name, _, count = str(value).partition(" ")
        kind = next((kind for kind in KINDS if kind == name), None)
        if kind is None or (count and kind != "serving"):
            self.fail(f"{value!r} is none of {', '.join(KINDS)}.", param, ctx)
        if kind != "serving":
            return Aim(kind)
        if not 1 < int(count or USUAL_REQUESTS) <= _MOST_REQUESTS:
            self.fail(f"{count} requests at once; give 2 to {_MOST_REQUESTS}.", param, ctx)
        return Aim(kind, int(count or USUAL_REQUESTS))


@click.command(cls=TuneCommand, epilog=EPILOG)
@click.argument("model", required=False)
@click.option(
    "--for",
    "aim",
    type=_Aims(),
    default=Aim(),
    help="What counts: writing one answer (so if left out), reading prompts, or all that is written for N "
    f"requests at once ({USUAL_REQUESTS} if left out).",
)
@click.option("--lossy", is_flag=True, help="Try smaller caches too, which change answers a little.")
@click.option("--time", "seconds", type=DURATION, default="5m", help="Turn no knob after so long; 5m.")
@click.option("--no-save", "save", is_flag=True, flag_value=False, default=True, help="Keep nothing of it.")
@click.option("--anyway", is_flag=True, help="Keep it even where other programs kept the processor busy.")
@click.option("--show", "shows", is_flag=True, help="Tell what was tuned, of MODEL or of all.")
@click.option("--forget", "forgets", is_flag=True, help="Forget what was tuned of MODEL.")
@json_option
@engine_options
def tune(
    *,
    model: str | None,
    aim: Aim,
    lossy: bool,
    seconds: float,
    save: bool,
    anyway: bool,
    shows: bool,
    forgets: bool,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Find the settings with which MODEL is fastest on this machine, and keep them.

    Threads, micro-batches, flash attention, drafts and, with a GPU, the division over the devices are tried
    in short races, as far as they fit in memory. What wins is measured in turns with the usual settings, and
    kept if it is faster beyond noise: run, chat, serve, bench and the app then use it. What options say stays
    as it is; a --draft is tried.
    """
    if shows or forgets:
        from workbench.cli import tune_profiles

        tune_profiles.forget(model, as_json) if forgets else tune_profiles.show(model, as_json)
        return
    if model is None:
        raise click.UsageError("Name the MODEL to tune.")
    if not settings.leaves_open("parallel"):
        raise click.UsageError("--for serving N says how many requests there are at once.")
    from workbench.cli import tune_report
    from workbench.tuning.tuning import Order, tune

    found = runnable(locate(model))
    order = Order(
        name=found.name,
        path=str(found.path),
        settings=with_paths(settings),
        backend=backend,
        aim=aim,
        lossy=lossy,
        seconds=seconds,
    )
    status = StatusLine()
    try:
        report = asyncio.run(tune(order, lambda text: status.show(f"tuning {found.name}: {text}")))
    finally:
        status.clear()
    save = save and (anyway or not report.is_disturbed)
    trouble = _trouble_keeping(report.profile) if save else None
    saved = save and trouble is None
    if as_json:
        output.document(tune_report.document(report, saved=saved))
    else:
        tune_report.show(report, saved=saved)
    if trouble is not None:
        raise trouble


def _trouble_keeping(profile: Profile) -> WorkbenchError | None:
    """What was measured is worth telling also where it cannot be kept."""
    from workbench.tuning.profiles import keep

    try:
        keep(profile)
    except WorkbenchError as error:
        return error
    return None
