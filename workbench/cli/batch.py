"""`workbench batch`: a file of requests answered without a server, and gone on with after an interruption."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from workbench import wording
from workbench.batches.file_run import BatchFiles, BatchProgress, run_file
from workbench.cli import output
from workbench.cli.exit_codes import ExitCode
from workbench.cli.news import News
from workbench.cli.options import json_option, loading_options
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings

EPILOG = """\b
Examples:
  workbench batch requests.jsonl -o answers.jsonl --model guide
  workbench batch requests.jsonl -o answers.jsonl --parallel 8
"""
_CONCURRENCY = 4


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "target", metavar="OUT", required=True, type=click.Path(path_type=Path),
    help="Where the answers go, once all are there.",
)  # fmt: skip
@click.option("--model", help="Answer every line with this model, whatever model it names.")
@json_option
@loading_options
def batch(
    *,
    source: Path,
    target: Path,
    model: str | None,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> int:
    """Answer the requests in IN, one line of JSON each, in the form of OpenAI's batches.

    Lines that cannot be answered go to OUT with .errors before its ending. What was interrupted goes on where
    it stopped when the same command is given again. It ends with code 1 where a line was not answered.
    """
    files = BatchFiles(source, target)
    end = asyncio.run(_run(files, model, settings, backend))
    if as_json:
        output.document(_document(files, end))
    else:
        output.note(f"{end.completed} of {end.total} answered: {files.output}")
    if end.failed:
        output.note(f"{end.failed} not answered: {files.errors}")
    return ExitCode.FAILED if end.failed else ExitCode.OK


async def _run(
    files: BatchFiles, model: str | None, settings: EngineSettings, backend: str | None
) -> BatchProgress:
    from dataclasses import replace

    from workbench import server
    from workbench.cli.offers import Manner, catalogue, named_offers, presets_of
    from workbench.server.inside import caller_of

    known, manner = presets_of(None), Manner(settings, backend, None)
    every = catalogue(known, manner)
    offers = named_offers((model,), known, manner) if model else every()
    pool = server.ModelPool(offers, catalogue=None if model else every)
    news = News()
    try:
        concurrency = settings.parallel or _CONCURRENCY
        if model:
            [name] = offers
            files = replace(files, model=name)
            concurrency = (await pool.provider(name)).facts.parallel

        def tell(progress: BatchProgress) -> None:
            news.tell(_words(progress, news.seconds))

        return await run_file(files, caller_of(server.create_app(pool)), concurrency, tell)
    except asyncio.CancelledError:
        news.end()
        output.note("Stopped. The same command goes on from here.")
        raise
    finally:
        news.end()
        await pool.close()


def _words(progress: BatchProgress, seconds: float) -> str:
    text = f"{progress.done} of {progress.total} requests"
    if progress.failed:
        text += f", {progress.failed} of them failed"
    return text + wording.time_left(seconds, progress.done - progress.known, progress.total - progress.done)


def _document(files: BatchFiles, end: BatchProgress) -> dict[str, object]:
    return {
        "total": end.total,
        "completed": end.completed,
        "failed": end.failed,
        "output": str(files.output),
        "errors": str(files.errors) if end.failed else None,
    }
