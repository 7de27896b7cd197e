"""`workbench bench`: how fast a model reads and writes on this machine."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import click
import msgspec

from workbench.backend import ModelFacts
from workbench.benchmark import Result, Workload, measure
from workbench.cli import output
from workbench.cli.bench_history import judged, tell
from workbench.cli.judgement_words import judgement_document
from workbench.cli.loading import opened
from workbench.cli.options import json_option, loading_options
from workbench.cli.sections import SectionedCommand
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.models import LocalModel, locate


@click.command(cls=SectionedCommand)
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
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random tokens.")
@click.option("--no-history", is_flag=True, help="Neither keep this run nor compare it with earlier ones.")
@json_option
@loading_options
def bench(
    *,
    model: str,
    prompt: int,
    generate: int,
    depth: tuple[int, ...],
    repetitions: int,
    seed: int,
    no_history: bool,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Measure how fast MODEL reads a prompt and writes an answer.

    The tests are llama-bench's: pp512 reads 512 random tokens, tg128 writes 128. The speed is the median of
    the repetitions, the spread their standard deviation. Earlier runs are compared with; what looks slower
    is measured again before it is called so.
    """
    found = locate(model)
    workload = Workload(prompt=prompt, generate=generate, depths=depth, repetitions=repetitions, seed=seed)
    settings = _with_room(settings, workload)
    facts, results = asyncio.run(_measured(found, settings, backend, workload))
    if not as_json:
        _print(found, facts, results)
    document = _document(found, results, settings)
    if not no_history:
        judgement = judged(
            found,
            backend,
            document,
            lambda: _document(found, asyncio.run(_measured(found, settings, backend, workload))[1], settings),
        )
        document["history"] = judgement_document(judgement)
        tell(judgement, as_json)
    if as_json:
        output.document(document)


def _with_room(settings: EngineSettings, workload: Workload) -> EngineSettings:
    needed = workload.context_length
    if settings.context_length is None:
        return replace(settings, context_length=needed)
    if settings.context_length < needed:
        raise InvalidRequest(
            f"The tests need a context of {needed} tokens, not {settings.context_length}.",
            "Leave --context out, or measure less.",
        )
    return settings


async def _measured(
    model: LocalModel, settings: EngineSettings, backend: str | None, workload: Workload
) -> tuple[ModelFacts, list[Result]]:
    status = StatusLine()
    async with opened(model, settings, backend) as provider:
        try:
            return provider.facts, await measure(provider, workload, status.show)
        finally:
            status.clear()


def _document(model: LocalModel, results: list[Result], settings: EngineSettings) -> dict[str, object]:
    return {
        "model": model.name,
        "results": [
            {
                "test": result.test.name,
                "depth": result.test.depth,
                "tokens_per_second": result.tokens_per_second,
                "spread": result.spread,
                "basis": "measured",
                "samples": list(result.samples),
            }
            for result in results
        ],
        "settings": msgspec.to_builtins(settings),
    }


def _print(model: LocalModel, facts: ModelFacts, results: list[Result]) -> None:
    about = (facts.architecture, facts.quantization, facts.placement)
    output.line(f"{model.name}: {', '.join(part for part in about if part)}")
    output.table(
        ("test", "depth", "tokens/s", "spread"),
        (
            (
                result.test.name,
                str(result.test.depth),
                f"{result.tokens_per_second:.1f}",
                f"± {result.spread:.1f}",
            )
            for result in results
        ),
        right=(1, 2, 3),
    )
