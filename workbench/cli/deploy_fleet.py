"""`workbench deploy vllm`, `ray-llm` and `kserve`: what makes GPUs elsewhere serve a model with vLLM."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli import output
from workbench.cli.options import json_option

if TYPE_CHECKING:
    from workbench.cli.fleet_question import Asked

_FILE = click.Path(dir_okay=False, path_type=Path)
_OPTIONS = (
    click.argument("model"),
    click.option(
        "--gpu", metavar="CARD", help='The card, such as "H100" or 24GiB; this machine\'s if left out.'
    ),
    click.option(
        "--gpus", type=click.IntRange(1, 64), default=1, show_default=True, help="Cards in a machine."
    ),
    click.option(
        "--context", "context_length", type=click.IntRange(min=1), help="Tokens that each request gets."
    ),
    click.option(
        "--parallel", type=click.IntRange(min=1), help="Requests that have room at once in a replica."
    ),
    click.option("--cache", type=click.Choice(["f16", "fp8"]), help="Type of the KV cache."),
    click.option(
        "--replicas", type=click.IntRange(min=1), default=1, show_default=True, help="How many there are."
    ),
    click.option(
        "--tokenizer", default="", metavar="REPOSITORY", help="Of GGUF, the model that it was made of."
    ),
    click.option("-o", "--output", "target", type=_FILE, help="Write a file; standard output if left out."),
    click.option("--force", is_flag=True, help="Replace a file that is there."),
    json_option,
)
_most_replicas = click.option(
    "--most-replicas", type=click.IntRange(min=1), help="Add more, up to so many, while they are busy."
)
_host = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
_port = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)


def fleet_options(command: Callable[..., None]) -> Callable[..., Any]:
    """Gives the command `asked`, what was sized for the options; `target`, `force` and `as_json` stay."""

    @wraps(command)
    def with_fleet(
        *,
        model: str,
        gpu: str | None,
        gpus: int,
        context_length: int | None,
        parallel: int | None,
        cache: str | None,
        replicas: int,
        tokenizer: str,
        **values: Any,
    ) -> None:
        from workbench.cli.fleet_question import asked

        most = values.get("most_replicas")
        if most is not None and most < replicas:
            raise click.UsageError("--most-replicas is less than --replicas.")
        given = {"context_length": context_length, "parallel": parallel}
        command(asked=asked(model, gpu, gpus, given, cache, replicas, tokenizer), **values)

    decorated: Callable[..., Any] = with_fleet
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


@click.command()
@fleet_options
@click.option(
    "--compose", "as_compose", is_flag=True, help="Write a file for docker compose, not the command."
)
@click.option(
    "--head", default="", metavar="HOST", help="The first of several machines, as the others reach it."
)
@_host
@_port
def vllm(
    *,
    asked: Asked,
    as_compose: bool,
    head: str,
    host: str,
    port: int,
    target: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Tell how vLLM serves MODEL on cards like these: the command for each machine, or a compose file.

    MODEL is in safetensors or GGUF, here or on the hub. It gets the fewest cards on which --parallel requests
    of --context tokens have room at once.
    """
    from workbench.fleet.vllm import Place, commands, compose

    place = Place(host=host, port=port, head=head)
    _warn(host, "unless VLLM_API_KEY holds a key there")
    if as_compose:
        document = compose(*asked.parts, place)
        asked.tell(document, target, force=force, as_json=as_json, url=f"http://{host}:{port}/v1")
        return
    lines = [shlex.join(words) for words in commands(*asked.parts, place)]
    asked.tell(lines, target, force=force, as_json=as_json, url=f"http://{head or host}:{port}/v1")


@click.command("ray-llm")
@fleet_options
@_most_replicas
@_host
@_port
def ray_llm(
    *,
    asked: Asked,
    most_replicas: int | None,
    host: str,
    port: int,
    target: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write a configuration from which Ray Serve LLM runs replicas of vLLM with MODEL.

    It needs `pip install "ray[llm]"` on the machines of the cluster.
    """
    from workbench.fleet.ray_llm import llm_config
    from workbench.fleet.vllm import Place

    config = llm_config(*asked.parts, Place(host=host, port=port), most_replicas)
    _warn(host, "as Ray Serve LLM knows no keys")
    asked.tell(config, target, force=force, as_json=as_json, url=f"http://{host}:{port}/v1")


@click.command()
@fleet_options
@_most_replicas
@click.option(
    "--storage",
    default="",
    metavar="URI",
    help="Where the cluster finds the weights, such as pvc://CLAIM/PATH.",
)
def kserve(
    *,
    asked: Asked,
    most_replicas: int | None,
    storage: str,
    target: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write an InferenceService with which KServe serves MODEL on Kubernetes, for `kubectl apply`."""
    from workbench.fleet.kserve import inference_service

    service = inference_service(*asked.parts, storage=storage, most_replicas=most_replicas)
    asked.tell(service, target, force=force, as_json=as_json, url="http://HOST/openai/v1")


def _warn(host: str, why: str) -> None:
    from workbench.server.access.rules import is_loopback

    if not is_loopback(host):
        output.note(f"It answers everyone who reaches {host}, {why}.")
