"""`workbench serve`: models behind an OpenAI-compatible endpoint, until Ctrl+C."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import click

from workbench import paths
from workbench.cli import output
from workbench.cli.access_options import Doors, access_options
from workbench.cli.conversing_options import template_option
from workbench.cli.option_types import DURATION, MEMORY
from workbench.cli.options import loading_options
from workbench.cli.prompt_cache_options import prompt_cache_options
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings
from workbench.models.projectors import NONE

DEFAULT_PORT = 11518


@click.command(cls=SectionedCommand)
@click.argument("names", metavar="[MODEL...]", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--presets", type=click.Path(path_type=Path), help="A file of presets in place of the usual.")
@click.option("--ttl", type=DURATION, help="Unload a model that nobody used for so long, such as 30m.")
@click.option("--max-loaded", type=click.IntRange(min=1), help="Have at most so many models loaded at once.")
@click.option(
    "--memory", type=MEMORY, help="Let all loaded models together take no more than this, such as 12GiB."
)
@click.option("--max-requests", type=click.IntRange(min=1), help="Turn away what comes beyond so many.")
@click.option("--log-requests", is_flag=True, help="Write a line of JSON for each request to standard error.")
@click.option("--log-prompts", is_flag=True, help="The same, with what was asked.")
@click.option("--metrics", is_flag=True, help="Count what is done, and tell it to Prometheus at /metrics.")
@template_option
@access_options
@loading_options
@prompt_cache_options
def serve(
    *,
    names: tuple[str, ...],
    host: str,
    port: int,
    presets: Path | None,
    ttl: float | None,
    max_loaded: int | None,
    memory: int | None,
    max_requests: int | None,
    log_requests: bool,
    log_prompts: bool,
    metrics: bool,
    chat_template: str | None,
    doors: Doors,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Serve each MODEL behind an OpenAI-compatible endpoint, or every model on this machine.

    Named models are loaded at once as far as they fit beside each other, others when they are asked for.
    Where one does not fit, the one that was used longest ago makes room. Ctrl+C ends it.
    """
    from workbench import server
    from workbench.cli.offers import Manner, catalogue, named_offers, presets_of
    from workbench.server.access.audit import AuditLog
    from workbench.server.access.limits import Limits
    from workbench.server.pool.room import Room
    from workbench.server.request_log import Logging

    if settings.draft and len(names) != 1:
        raise click.UsageError("--draft goes with one MODEL; presets name the drafts of several.")
    if settings.projector not in (None, NONE) and len(names) != 1:
        raise click.UsageError("--projector goes with one MODEL; presets name the projectors of several.")
    rules, tls = doors.rules(host), doors.tls()
    known, manner = presets_of(presets), Manner(settings, backend, ttl, chat_template, memory)
    every = None if names else catalogue(known, manner)
    offers = named_offers(names, known, manner) if every is None else every()
    pool = server.ModelPool(offers, catalogue=every, room=Room(max_loaded, memory))
    serving = server.serve(
        pool,
        host,
        port,
        rules=rules,
        limits=Limits(requests=max_requests) if max_requests else Limits(),
        logging=Logging(output.note, log_prompts) if log_requests or log_prompts else None,
        audit=AuditLog(paths.audit_file()),
        tls=tls,
        data_folder=paths.data_folder(),
        metrics=metrics,
        ready=partial(_announce, next(iter(offers), "MODEL"), bool(rules.keys)),
    )
    asyncio.run(serving)


def _announce(model: str, secured: bool, url: str) -> None:
    key = "the API key" if secured else "any"
    output.note(
        f"Serving at {url}/v1; Ctrl+C ends it. From Python:\n"
        f'  client = openai.OpenAI(base_url="{url}/v1", api_key="{key}")\n'
        f'  messages = [{{"role": "user", "content": "What can you do?"}}]\n'
        f'  print(client.chat.completions.create(model="{model}", messages=messages).choices[0].message)'
    )
