"""`workbench bench`: how fast models read and write on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from workbench import registry
from workbench.benchmark import Run, Workload
from workbench.benchmark.document import run_document
from workbench.benchmark.history.words import judgement_document
from workbench.cli import output
from workbench.cli.bench_formats import format_options, print_charts, print_in, write_svg
from workbench.cli.bench_history import judged, tell
from workbench.cli.bench_report import print_run
from workbench.cli.bench_run import measured
from workbench.cli.bench_why import explained, print_explanation, profiler_of, why_document
from workbench.cli.options import json_option, loading_options
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings
from workbench.errors import WorkbenchError
from workbench.models import LocalModel, model_named

_SIZE = click.IntRange(min=0)


@click.command(cls=SectionedCommand)
@click.argument("models", metavar="MODEL...", nargs=-1)
@click.option(
    "--prompt", type=_SIZE, multiple=True, default=(512,), show_default=True,
    help="Tokens to read; repeatable, 0 for none.",
)  # fmt: skip
@click.option(
    "--generate", type=_SIZE, multiple=True, default=(128,), show_default=True,
    help="Tokens to write; repeatable, 0 for none.",
)  # fmt: skip
@click.option(
    "--depth", type=_SIZE, multiple=True, default=(0,),
    help="Tokens that are in the context before; repeatable.",
)  # fmt: skip
@click.option(
    "--parallel", "at_once", type=click.IntRange(min=1), multiple=True,
    help="Measure also so many whole requests at once; repeatable.",
)  # fmt: skip
@click.option("--url", "urls", multiple=True, help="Measure a server elsewhere, as MODEL does by address.")
@click.option(
    "--through-server", is_flag=True,
    help="Measure also through the endpoint of a server, started for it, and what that adds.",
)  # fmt: skip
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random tokens.")
@click.option("--no-history", is_flag=True, help="Neither keep this run nor compare it with earlier ones.")
@click.option("--why", is_flag=True, help="Tell also where the time goes, and what to change first.")
@format_options
@json_option
@partial(loading_options, parallel=False)
def bench(
    *,
    models: tuple[str, ...],
    prompt: tuple[int, ...],
    generate: tuple[int, ...],
    depth: tuple[int, ...],
    at_once: tuple[int, ...],
    urls: tuple[str, ...],
    through_server: bool,
    repetitions: int,
    seed: int,
    no_history: bool,
    why: bool,
    form: str,
    picture: Path | None,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Measure how fast each MODEL reads a prompt and writes an answer.

    The tests are llama-bench's: pp512 reads 512 random tokens, tg128 writes 128, with nothing but the model
    at work where the engine can time that. First tokens, and requests at once, are measured as their users
    have them. The speed is the median of the repetitions, the spread their standard deviation. Earlier runs
    are compared with; what looks slower is measured again before it is called so.
    """
    workload = Workload(
        prompt=prompt,
        generate=generate,
        depths=depth,
        requests=at_once,
        first_token=True,
        repetitions=repetitions,
        seed=seed,
    )
    if not (names := (*models, *urls)):
        raise click.UsageError("Name a MODEL, or a server with --url.")
    if form and (as_json or why):
        raise click.UsageError(f"--{form} goes with neither --json nor --why.")
    quiet = as_json or bool(form)
    runs, documents, failed = list[Run](), list[dict[str, Any]](), list[WorkbenchError]()
    chosen = [model_named(name) for name in names]
    if through_server and any(model.address for model in chosen):
        raise click.UsageError("--through-server is for models that run here.")
    for model in chosen if why else ():
        profiler_of(backend or registry.name_for(model.location))
    for model in chosen:
        once = partial(measured, model, settings, backend, workload, through_server=through_server)
        try:
            found = once()
            runs.append(found)
            kept = not (no_history or model.address)
            documents.append(_told(model, backend, found, once, history=kept, quiet=quiet))
            if why:
                documents[-1] |= _why(found, quiet)
        except WorkbenchError as error:
            if len(chosen) == 1:
                raise
            output.note(f"{model.name}: {error.message}")
            failed.append(error)
    if as_json:
        output.document(documents if len(chosen) > 1 else documents[0])
    elif form and runs:
        print_in(form, runs)
    if picture and runs:
        write_svg(picture, runs)
    if failed:
        raise failed[0]


def _told(
    model: LocalModel,
    backend: str | None,
    found: Run,
    again: Callable[[], Run],
    *,
    history: bool,
    quiet: bool,
) -> dict[str, Any]:
    """What was measured and how it compares, told at once unless another form is wanted."""
    if not quiet:
        print_run(found)
        print_charts([found])
    document = run_document(found)
    if history:
        judgement = judged(model, backend, document, lambda: run_document(again()))
        document["history"] = judgement_document(judgement)
        tell(judgement, quiet)
    return document


def _why(found: Run, quiet: bool) -> dict[str, Any]:
    explanation = asyncio.run(explained(found))
    if not quiet:
        print_explanation(explanation)
    return {"why": why_document(explanation)}
