"""`workbench models`: what there is to run on this machine."""

from __future__ import annotations

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.options import json_option
from workbench.cli.terminal import StatusLine
from workbench.models import (
    Description,
    describe_all,
    describe_unfinished,
    known_models,
    unfinished_downloads,
)
from workbench.models.stores import store_of
from workbench.openai_client.address import parse_address


@click.command()
@json_option
def models(*, as_json: bool) -> None:
    """List the models on this machine, each once, wherever they are.

    They are the bundled `guide`, those in the models folder and in the folders that WORKBENCH_MODELS names,
    and those of the Hugging Face cache, Ollama, LM Studio and llama.cpp. Then come those of servers elsewhere
    that presets name, and interrupted downloads.
    """
    described = [*_described(), *map(describe_unfinished, unfinished_downloads())]
    if as_json:
        output.document([_document(model) for model in described])
        return
    output.table(
        ("name", "size", "architecture", "quantization", "where"),
        [
            (
                model.name,
                "" if model.address else wording.size(model.size_bytes),
                model.architecture,
                model.quantization,
                _where(model),
            )
            for model in described
        ],
        right=(1,),
    )
    for model in described:
        if model.problem:
            output.note(output.on_one_line(model.problem))


def _described() -> list[Description]:
    """The first time each file's header is read, which takes a moment for each."""
    found, status = known_models(), StatusLine()
    try:
        return describe_all(found, lambda count: status.show(f"reading headers, {count} of {len(found)}"))
    finally:
        status.clear()


def _where(model: Description) -> str:
    if model.kind == "unfinished":
        return "unfinished"
    if model.address:
        return parse_address(model.address).places
    stores = ", ".join(store_of(slug).title for slug in model.stores)
    return stores if model.kind == "gguf" else f"{stores} ({model.kind})"


def _document(model: Description) -> dict[str, object]:
    return {
        "name": model.name,
        "path": model.location,
        "size_bytes": model.size_bytes,
        "architecture": model.architecture,
        "quantization": model.quantization,
        "kind": model.kind,
        "total_bytes": model.total_bytes,
        "stores": list(model.stores),
        "paths": [str(path) for path in model.paths],
        "files": [str(path) for path in model.files],
        "projector": None if model.projector is None else str(model.projector),
        "problem": model.problem,
    }
