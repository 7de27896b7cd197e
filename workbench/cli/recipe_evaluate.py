"""`workbench recipe evaluate`: what a fine-tune has learnt, measured on rows that it has not seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from workbench.cli import output
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidConstraint, InvalidRequest
from workbench.models import locate, model_named

if TYPE_CHECKING:
    from workbench.datasets.row import Row

EPILOG = """\b
Examples:
  workbench recipe evaluate BASE.gguf TUNED.gguf --data valid.jsonl
  workbench recipe evaluate BASE.gguf ADAPTER.gguf --data valid.jsonl --train train.jsonl --rows 200
  workbench recipe evaluate BASE.gguf TUNED.gguf --data valid.jsonl --judge org/large:Q4_K_M
  workbench recipe evaluate BASE.gguf TUNED.gguf --data valid.jsonl --regression others.jsonl
"""
_data = click.option(
    "--data", "held_out", multiple=True, required=True, metavar="FILE", help="Rows that were not trained."
)
_train = click.option("--train", multiple=True, metavar="FILE", help="Rows that were, to tell the gap.")
_regression = click.option(
    "--regression", multiple=True, metavar="FILE",
    help="Rows of other kinds, to tell which answers were right and are wrong now.",
)  # fmt: skip
_judge = click.option(
    "--judge", metavar="MODEL", help="A model, here or elsewhere, that says which answers are better."
)
_schema = click.option(
    "--json-schema", metavar="FILE|TEXT", help="What answers have to keep to, where rows name no schema."
)


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("base")
@click.argument("tuned")
@_data
@_train
@_regression
@_judge
@_schema
@click.option("--rows", "most", type=click.IntRange(min=1), default=200, help="So many of each file's rows.")
@click.option("--train-on", type=click.Choice(["all", "last"]), default="all", help="Which answers count.")
@click.option("--max-tokens", type=click.IntRange(min=1), default=256, help="The longest answer.")
@click.option(
    "--no-answers", "asks", is_flag=True, flag_value=False, default=True, help="Measure losses alone."
)
@json_option
@engine_options
def evaluate(
    *, base: str, tuned: str, held_out: tuple[str, ...], train: tuple[str, ...], regression: tuple[str, ...],
    judge: str | None, json_schema: str | None, most: int, train_on: Any, max_tokens: int, asks: bool,
    as_json: bool, settings: EngineSettings, backend: str | None,
) -> None:  # fmt: skip
    """Compare TUNED, a model or a LoRA adapter, with BASE, which it was made of.

    The loss is that of the answers alone, in nats for each token and in bits for each byte, with the range in
    which it lies with 95 % certainty. Both also answer each row greedily; a judge sees these answers in both
    orders, and what it says counts where it does not turn with the order.
    """
    from workbench import registry
    from workbench.cli.quality_trial import scorer_of
    from workbench.cli.recipe_evaluation_document import document
    from workbench.cli.recipe_evaluation_report import show
    from workbench.cli.terminal import StatusLine
    from workbench.datasets.evaluation.evaluating import evaluated
    from workbench.datasets.evaluation.evaluation import Evaluation
    from workbench.datasets.evaluation.subject import subjects

    if judge and not asks:
        raise click.UsageError("--judge judges answers, which --no-answers leaves out.")
    pair = subjects(locate(base), locate(tuned))
    judging = model_named(judge) if judge else None
    status = StatusLine()
    evaluation = Evaluation(
        scorer=scorer_of(backend or registry.name_for(str(pair[0].path)))[0],
        settings=settings,
        backend=backend,
        train_on=train_on,
        most_answer_tokens=max_tokens,
        schema=_schema_of(json_schema) if json_schema else None,
        told=lambda doing, done, total: status.show(f"{doing}, {done} of {total}"),
    )
    sets = {"held_out": held_out, "train": train, "regression": regression}
    rows = {kind: _rows(files, most) for kind, files in sets.items() if files}
    try:
        found = evaluated(evaluation, pair, rows, asks, judging)
    finally:
        status.clear()
    if as_json:
        output.document(document(found))
    else:
        show(found)


def _schema_of(given: str) -> dict[str, Any]:
    """Raises InvalidConstraint for what is no schema."""
    from workbench.cli.constraint_options import schema_given
    from workbench.datasets.target.tool_checks import check_schema

    schema = json.loads(schema_given(given).text)
    if not isinstance(schema, dict):
        raise InvalidConstraint("The schema is no object.", 'Write one such as {"type": "object"}.')
    check_schema(schema)
    return schema


def _rows(files: tuple[str, ...], most: int) -> list[Row]:
    """So many chats of the files, evenly over all of them. Raises InvalidRequest where there is none."""
    from workbench.cli.recipe_rows import rows_in
    from workbench.datasets.row import Row

    every = [row for _, row in rows_in(files)]
    chats = [row for row in every if isinstance(row, Row) and row.messages]
    if not chats:
        raise InvalidRequest(f"There are no conversations in {', '.join(files)}.", "Give rows with answers.")
    if len(chats) < len(every):
        output.note(f"{len(every) - len(chats)} rows of {', '.join(files)} are no conversations.")
    step = max(1.0, len(chats) / most)
    return [chats[int(number * step)] for number in range(min(most, len(chats)))]
