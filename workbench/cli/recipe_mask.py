"""`workbench recipe mask`: a row token by token as a model gets it, and which of them are trained."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from workbench.cli import output
from workbench.cli.options import json_option
from workbench.cli.tokens import shown_piece
from workbench.errors import InvalidRequest

if TYPE_CHECKING:
    from workbench.datasets.row import Row
    from workbench.datasets.target.mask import TokenizedRow
    from workbench.datasets.target.remarks import Remark
    from workbench.datasets.target.target import Target

EPILOG = """\b
Examples:
  workbench recipe mask train.jsonl --model guide
  workbench recipe mask train.jsonl --model MODEL.gguf --row 12 --text
"""
_TRAINED, _READ = "32", "2"


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True)
@click.option("--model", required=True, metavar="MODEL", help="The model that the rows are for.")
@click.option("--row", "number", type=click.IntRange(min=1), default=1, help="Which row, counted from 1.")
@click.option("--train-on", type=click.Choice(["all", "last"]), default="all", help="Which answers count.")
@click.option("--text", "as_text", is_flag=True, help="Print the text, and no table of its tokens.")
@json_option
def mask(
    *, files: tuple[str, ...], model: str, number: int, train_on: Any, as_text: bool, as_json: bool
) -> None:
    """Show the tokens of one row of FILES as MODEL gets them, trained ones in green.

    The model's own chat template and vocabulary are used; its weights are not loaded.
    """
    from workbench.datasets.target.row_checks import row_remarks
    from workbench.datasets.target.target import open_target
    from workbench.datasets.target.template_checks import template_remarks
    from workbench.datasets.target.training_example import examples_of

    row = _row(files, number)
    examples = examples_of(row, train_on)
    if not examples:
        raise InvalidRequest("The row is no conversation: all of its text is trained.", "Take another row.")
    target = open_target(model)
    try:
        made = target.tokenized(examples)
        remarks = [[*template_remarks(target), *row_remarks(target, one)] for one in made]
        if as_json:
            rows = [_document(target, one, told) for one, told in zip(made, remarks, strict=True)]
            output.document({"model": target.name, "origin": str(row.origin), "answers": rows})
            return
        for one, told in zip(made, remarks, strict=True):
            _show_text(one) if as_text else _show_table(target, one)
            _tell(row, one, told)
    finally:
        target.close()


def _row(files: tuple[str, ...], number: int) -> Row:
    """The row of that number over all files. Raises InvalidRequest."""
    from workbench.cli.recipe_rows import rows_in
    from workbench.datasets.row import Row

    count = 0
    for count, (origin, row) in enumerate(rows_in(files), 1):
        if count == number:
            if isinstance(row, Row):
                return row
            raise InvalidRequest(f"{origin} is no row: {row.reason}", "Mend it, or take another.")
    raise InvalidRequest(f"There are {count} rows, and none is number {number}.", "Give a smaller --row.")


def _show_table(target: Target, row: TokenizedRow) -> None:
    output.line(f"{'id':>8}  {'trained':<8} text")
    for id, weight in zip(row.tokens.ids, row.weights, strict=True):
        trained = f"{weight:g}" if weight else ""
        shown = shown_piece(target.vocabulary.piece(id))
        output.write(f"{id:>8}  {trained:<8} {shown}\n", _TRAINED if weight else _READ)


def _show_text(row: TokenizedRow) -> None:
    """The text; without styles trained parts stand between brackets."""
    plain = output.styled("", _TRAINED, sys.stdout) == ""
    text, at = row.rendered.text, 0
    for _, first, beyond in row.spans():
        start, end = row.tokens.starts[first], row.tokens.ends[beyond - 1]
        output.write(text[at:start], _READ)
        output.write(f"⟦{text[start:end]}⟧" if plain else text[start:end], _TRAINED)
        at = end
    output.write(text[at:] + "\n", _READ)


def _tell(row: Row, made: TokenizedRow, remarks: list[Remark]) -> None:
    from workbench.cli.recipe_report import tell_remarks

    share = made.trained / max(1, len(made.tokens))
    output.note(f"{row.origin}: {len(made.tokens)} tokens, {made.trained} of them trained ({share:.0%}).")
    tell_remarks(remarks)


def _document(target: Target, row: TokenizedRow, remarks: list[Remark]) -> dict[str, object]:
    return {
        "tokens": len(row.tokens),
        "trained_tokens": row.trained,
        "text": row.rendered.text,
        "input_ids": list(row.tokens.ids),
        "labels": row.labels,
        "weights": list(row.weights),
        "pieces": [target.vocabulary.piece(id).decode(errors="backslashreplace") for id in row.tokens.ids],
        "turns": [asdict(turn) for turn in row.rendered.turns],
        "remarks": [asdict(remark) for remark in remarks],
    }
