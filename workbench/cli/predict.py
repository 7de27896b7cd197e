"""`workbench predict`: how fast a model would be, here or on a card that is not, before it is fetched."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import click

from workbench import registry
from workbench.benchmark import Workload
from workbench.benchmark.prediction import Prediction, predict, predict_on
from workbench.benchmark.workload import with_room
from workbench.cli import output
from workbench.cli.loading import with_paths
from workbench.cli.option_types import MEMORY
from workbench.cli.options import engine_options, json_option
from workbench.cli.predict_report import document, show
from workbench.cli.sections import SectionedCommand
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.models.header_of_name import Named, named_header

EPILOG = """\b
Examples:
  workbench predict org/repo:Q4_K_M
  workbench predict org/repo:Q4_K_M --depth 0 --depth 8192
  workbench predict org/repo:Q4_K_M --gpu "RTX 4090"
"""


@click.command("predict", cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.option("--prompt", type=click.IntRange(min=0), default=512, show_default=True, help="Tokens to read.")
@click.option(
    "--generate", type=click.IntRange(min=0), default=128, show_default=True, help="Tokens to write."
)
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    multiple=True,
    default=(0,),
    help="Tokens that are in the context before; repeatable.",
)
@click.option("--repetitions", type=click.IntRange(min=1), default=3, show_default=True, help="At most.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=30.0, show_default=True, help="To measure, about."
)
@click.option(
    "--gpu",
    "gpus",
    multiple=True,
    metavar="CARD",
    help='Estimate for this card, such as "RTX 4090", instead of measuring here; repeatable.',
)
@click.option("--ram", type=MEMORY, help="With --gpu: main memory that may be used, such as 64GiB.")
@json_option
@engine_options
def command(
    *,
    model: str,
    prompt: int,
    generate: int,
    depth: tuple[int, ...],
    repetitions: int,
    seconds: float,
    gpus: tuple[str, ...],
    ram: int | None,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Tell how fast MODEL would be here, without fetching it.

    Only its header is read. A model of the same shape and random weights, or a part of one, is measured in
    its place, with the settings that the whole would be loaded with. The tests are those of bench.
    """
    if gpus and settings.devices:
        raise click.UsageError("--gpu asks about cards that need not be here, --device about one that is.")
    if ram and not gpus:
        raise click.UsageError("--ram goes with --gpu; here it is what is free.")
    began = time.perf_counter()
    found = named_header(model)
    workload = Workload(prompt=prompt, generate=generate, depths=depth, repetitions=repetitions)
    settings = with_room(with_paths(settings), workload)
    engine = backend or registry.name_for("model.gguf")
    if gpus:
        prediction = predict_on(gpus, ram, found.header, settings, workload, backend=engine)
    else:
        prediction = asyncio.run(_measured(found, settings, workload, engine, seconds))
    prediction = replace(prediction, seconds=time.perf_counter() - began)
    if as_json:
        output.document(document(found, prediction))
    else:
        show(found, prediction)


async def _measured(
    found: Named, settings: EngineSettings, workload: Workload, backend: str, seconds: float
) -> Prediction:
    status = StatusLine()
    try:
        return await predict(
            found.header, settings, workload, backend=backend, seconds=seconds, show=status.show
        )
    finally:
        status.clear()
