"""`workbench models`: what there is to run on this machine."""

from __future__ import annotations

import click

from workbench.cli import output
from workbench.cli.options import json_option
from workbench.models import Description, describe, local_models


@click.command()
@json_option
def models(*, as_json: bool) -> None:
    """List the models on this machine.

    They are the bundled `guide`, those in the models folder and in the folders that WORKBENCH_MODELS names,
    and those in the Hugging Face cache.
    """
    described = [describe(model) for model in local_models()]
    if as_json:
        output.document([_document(model) for model in described])
        return
    output.table(
        ("name", "size", "architecture", "quantization"),
        [
            (model.name, output.size(model.size_bytes), model.architecture, model.quantization)
            for model in described
        ],
        right=(1,),
    )
    for model in described:
        if model.problem:
            output.note(model.problem)


def _document(model: Description) -> dict[str, object]:
    return {
        "name": model.name,
        "path": str(model.path),
        "size_bytes": model.size_bytes,
        "architecture": model.architecture,
        "quantization": model.quantization,
        "problem": model.problem,
    }
