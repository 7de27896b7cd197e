"""`workbench recipe memory`: what training a model would take, by method and trainer."""

from __future__ import annotations

import click

from workbench.cli import output
from workbench.cli.options import json_option
from workbench.models import locate

EPILOG = """\b
Examples:
  workbench recipe memory MODEL.gguf
  workbench recipe memory MODEL.gguf --tokens 8192 --rank 64
"""


@click.command(epilog=EPILOG)
@click.argument("model")
@click.option("--tokens", type=click.IntRange(min=1), default=2048, help="The length of the rows.")
@click.option("--batch", type=click.IntRange(min=1), default=1, help="Rows at once.")
@click.option("--rank", type=click.IntRange(min=1), default=16, help="Of a LoRA adapter.")
@json_option
def memory(*, model: str, tokens: int, batch: int, rank: int, as_json: bool) -> None:
    """Tell what training MODEL would take on the card, as each trainer does it where nothing else is asked.

    It is a formula: weights, gradients and the optimizer are counted, the rest is an approximation with
    gradient checkpointing. Drivers and libraries take a gigabyte or two more.
    """
    from workbench import wording
    from workbench.datasets.training_memory import METHODS, TRAINERS, training_memory
    from workbench.gguf import read_model

    header = read_model(locate(model).path)
    found = [
        (method, name, training_memory(header, method, trainer, tokens=tokens, batch=batch, rank=rank))
        for method in METHODS
        for name, trainer in TRAINERS.items()
        if (method, name) != ("qlora", "mlx-lm")
    ]
    if as_json:
        rows = [
            {
                "method": method,
                "trainer": name,
                "weights_bytes": one.weights,
                "adapter_bytes": one.adapter,
                "state_bytes": one.states,
                "activation_bytes": one.activations,
                "total_bytes": one.total,
            }
            for method, name, one in found
        ]
        output.document({"model": model, "basis": "formula", "tokens": tokens * batch, "results": rows})
        return
    output.table(
        ("method", "trainer", "weights", "adapter", "gradients and optimizer", "activations", "in all"),
        [
            (
                method,
                name,
                *map(wording.size, (one.weights, one.adapter, one.states, one.activations, one.total)),
            )
            for method, name, one in found
        ],
        right=(2, 3, 4, 5, 6),
    )
    output.note("By a formula, not measured; drivers and libraries take a gigabyte or two more.")
