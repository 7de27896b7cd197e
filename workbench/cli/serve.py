"""`workbench serve`: models behind an OpenAI-compatible endpoint, until Ctrl+C."""

from __future__ import annotations

import asyncio
from functools import partial

import click

from workbench.cli import output
from workbench.cli.loading import open_told
from workbench.cli.options import engine_options
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings
from workbench.models import LocalModel, locate

DEFAULT_PORT = 11518


@click.command(cls=SectionedCommand)
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option(
    "--api-key", envvar="WORKBENCH_API_KEY", show_envvar=True, help="What clients must say to be answered."
)
@engine_options
def serve(
    *,
    names: tuple[str, ...],
    host: str,
    port: int,
    api_key: str | None,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Serve each MODEL behind an OpenAI-compatible endpoint.

    Ctrl+C ends it.
    """
    from workbench import server

    models = _told_apart([locate(name) for name in names])
    pool = server.ModelPool(
        {name: partial(open_told, model, settings, backend) for name, model in models.items()}
    )
    ready = partial(_announce, next(iter(models)), api_key is not None)
    asyncio.run(server.serve(pool, host, port, api_key=api_key, ready=ready))


def _told_apart(models: list[LocalModel]) -> dict[str, LocalModel]:
    """By name; two files of one name are a mistake that would hide one of them."""
    named = {model.name: model for model in models}
    if len(named) < len(models):
        raise click.UsageError("Two of the models have the same name.")
    return named


def _announce(model: str, secured: bool, url: str) -> None:
    key = "the API key" if secured else "any"
    output.note(
        f"Serving at {url}/v1; Ctrl+C ends it. From Python:\n"
        f'  client = openai.OpenAI(base_url="{url}/v1", api_key="{key}")\n'
        f'  messages = [{{"role": "user", "content": "What can you do?"}}]\n'
        f'  print(client.chat.completions.create(model="{model}", messages=messages).choices[0].message)'
    )
