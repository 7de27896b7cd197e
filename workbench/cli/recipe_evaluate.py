"""`workbench recipe evaluate`: what a fine-tune has learnt, measured on rows that it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from workbench.cli import output
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.models import locate

if TYPE_CHECKING:
    from workbench.datasets.row import Row

EPILOG = """\b
Examples:
  workbench recipe evaluate BASE.gguf TUNED.gguf --data valid.jsonl
  workbench recipe evaluate BASE.gguf ADAPTER.gguf --data valid.jsonl --train train.jsonl --rows 200
"""
_data = click.option(
    "--data", "held_out", multiple=True, required=True, metavar="FILE", help="Rows that were not trained."
)
_train = click.option("--train", multiple=True, metavar="FILE", help="Rows that were, to tell the gap.")
_regression = click.option(
    "--regression", multiple=True, metavar="FILE", help="Rows of other kinds, to tell what was forgotten."
)


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("base")
@click.argument("tuned")
@_data
@_train
@_regression
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
    most: int, train_on: Any, max_tokens: int, asks: bool, as_json: bool, settings: EngineSettings,
    backend: str | None,
) -> None:  # fmt: skip
    """Compare TUNED, a model or a LoRA adapter, with BASE, which it was made of.

    The loss is that of the answers alone, in nats for each token and in bits for each byte, with the range in
    which it lies with 95 % certainty. Both also answer each row greedily.
    """
    from workbench import registry
    from workbench.cli.quality_trial import scorer_of
    from workbench.cli.recipe_evaluation_report import document, show
    from workbench.cli.terminal import StatusLine
    from workbench.datasets.evaluation import evaluating
    from workbench.datasets.evaluation.subject import subjects

    pair = subjects(locate(base), locate(tuned))
    name = backend or registry.name_for(str(pair[0].path))
    status = StatusLine()
    evaluation = evaluating.Evaluation(
        scorer=scorer_of(name)[0],
        settings=settings,
        backend=backend,
        train_on=train_on,
        most_answer_tokens=max_tokens,
        told=lambda doing, done, total: status.show(f"{doing}, {done} of {total}"),
    )
    sets = {"held_out": held_out, "train": train, "regression": regression}
    rows = {kind: _rows(files, most) for kind, files in sets.items() if files}
    try:
        losses = {kind: evaluating.losses(evaluation, pair, chosen) for kind, chosen in rows.items()}
        answers = [evaluating.answers(evaluation, one, rows["held_out"]) for one in pair] if asks else []
    finally:
        status.clear()
    if as_json:
        output.document(document(pair, losses, answers))
    else:
        show(pair, losses, answers)


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
