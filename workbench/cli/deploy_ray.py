"""`workbench deploy ray`: the configuration from which Ray Serve runs replicas of the endpoint."""

from __future__ import annotations

import shlex
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from workbench.cli import output
from workbench.cli.access_options import Doors, access_options
from workbench.cli.options import json_option, loading_options
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings

EPILOG = """\b
Examples:
  workbench deploy ray guide --replicas 2 -o cluster
  workbench deploy ray org/repo:Q4_K_M --replicas 4 --gpus 1 --parallel 8 --host 0.0.0.0 -o cluster
  serve run cluster/serve.yaml
"""
_NO_RAY = (
    "Ray is not installed here. Each machine of the cluster needs it, and the workbench: "
    "pip install 'local-llm-workbench[ray]'"
)


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.option(
    "-o", "--output", "folder", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="The folder for serve.yaml.",
)  # fmt: skip
@click.option(
    "--replicas", type=click.IntRange(min=1), default=2, show_default=True, help="How many there are."
)
@click.option(
    "--most-replicas", type=click.IntRange(min=1), help="Add more, up to so many, while they are busy."
)
@click.option("--per-machine", type=click.IntRange(1, 100), help="Run so many on one machine at most.")
@click.option(
    "--cpus", type=click.IntRange(min=0), default=1, show_default=True, help="CPUs set aside for each."
)
@click.option("--gpus", type=click.FloatRange(min=0), default=0, show_default=True, help="GPUs for each.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@json_option
@access_options
@loading_options
def ray(
    *,
    model: str,
    folder: Path,
    replicas: int,
    most_replicas: int | None,
    per_machine: int | None,
    cpus: int,
    gpus: float,
    host: str,
    port: int,
    force: bool,
    as_json: bool,
    doors: Doors,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Write a configuration from which Ray Serve runs replicas of this endpoint, each with MODEL.

    Every machine has MODEL under that name, or fetches it from the hub. Each replica loads it with what fits
    where it runs, and with the options given here. Keys are those of the machines that replicas run on, or
    in WORKBENCH_API_KEY there.
    """
    if most_replicas is not None and most_replicas < replicas:
        raise click.UsageError("--most-replicas is less than --replicas.")
    from workbench.cli.deployed import served, write, yaml_text
    from workbench.fleet.ray_serve import Front, Scale, serve_config
    from workbench.fleet.replicas import Replicas

    doors.rules(host)
    tls = doors.tls()
    preset, parallel = served(model, settings, backend)
    shared = Replicas(
        preset=preset,
        backend=backend,
        host=host,
        no_key=doors.no_key,
        hosts=doors.hosts,
        origins=doors.origins,
    )
    scale = Scale(
        replicas=replicas,
        most_replicas=most_replicas,
        per_machine=per_machine,
        cpus=cpus,
        gpus=gpus,
        parallel=parallel,
    )
    front = Front(port, tls.certificate, tls.key) if tls else Front(port)
    config = serve_config(shared, scale, front)
    file = folder / "serve.yaml"
    write(file, yaml_text(config), force=force)
    _tell(file, config, preset.name, f"{'https' if tls else 'http'}://{_named(host)}:{port}/v1", as_json)


def _tell(file: Path, config: dict[str, Any], name: str, url: str, as_json: bool) -> None:
    start = f"serve run {shlex.quote(str(file))}"
    if as_json:
        output.document({"files": [str(file)], "start": start, "url": url, "model": name, "config": config})
    else:
        output.line(str(file))
        output.note(f'To start it: {start}\nTo ask it: workbench run {url} "Hello"')
    if find_spec("ray") is None:
        output.note(_NO_RAY)


def _named(host: str) -> str:
    """How others call this machine, where it listens on every address."""
    return socket.gethostname() if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host
