"""`workbench recipe`: datasets for fine-tuning, made, looked at and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli import output
from workbench.cli.exit_codes import ExitCode
from workbench.cli.options import json_option
from workbench.cli.recipe_evaluate import evaluate
from workbench.cli.recipe_mask import mask
from workbench.cli.recipe_memory import memory
from workbench.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.datasets.recipe import Recipe
    from workbench.datasets.running.outcome import Outcome
    from workbench.datasets.target.remarks import Remark

EPILOG = """\b
Examples:
  workbench recipe run sft-chat --in chats.jsonl -o dataset
  workbench recipe run sft-instruct --in table.csv --to axolotl -o dataset
  workbench recipe check chats.jsonl --model guide
  workbench recipe mask chats.jsonl --model guide --row 12
"""
_KINDS = click.Choice(["chat", "preference", "kto", "text"])
_FILE = click.Path(path_type=Path)
_model_option = click.option("--model", help="The model that the data is for, or that is asked.")
_set_option = click.option(
    "--set", "changes", multiple=True, metavar="OPERATION.PARAMETER=VALUE",
    help="Change a parameter of a step; repeatable.",
)  # fmt: skip
_with_option = click.option(
    "--with", "added", multiple=True, metavar="OPERATION", help="Add this step; repeatable."
)
_processes_option = click.option(
    "--processes", type=click.IntRange(1, 256), help="Read the input in so many processes; one for each core."
)


@click.group(epilog=EPILOG)
def recipe() -> None:
    """Make datasets for fine-tuning out of the rows that you have.

    A recipe reads rows in any known form, sets aside what nothing can be learned from, with the reason, and
    writes the rest for the trainer that you use.
    """


@recipe.command("list")
@json_option
def list_recipes(*, as_json: bool) -> None:
    """List the recipes, and the formats that they can write."""
    from workbench import entry_point
    from workbench.datasets import extensions
    from workbench.datasets.recipe import named

    found = [named(name) for name in extensions.recipe_files()]
    if as_json:
        output.document(
            [{"name": one.name, "summary": one.summary, "kinds": list(one.kinds)} for one in found]
        )
        return
    output.table(("recipe", "what it does"), [(one.name, one.summary) for one in found])
    output.note(f"Formats: {', '.join(entry_point.names(extensions.FORMATS))}.")


@recipe.command()
@click.argument("name")
def show(*, name: str) -> None:
    """Print a recipe, as a file to start your own from."""
    from workbench.datasets import extensions

    output.write(extensions.recipe_text(name)[1])


@recipe.command()
@click.argument("name")
@click.option("--in", "inputs", multiple=True, type=_FILE, help="A file of rows, a document or a folder.")
@click.option("-o", "--output", "target", type=_FILE, help="The folder that the dataset goes to.")
@_model_option
@click.option(
    "--to", "formats", multiple=True, help="Write this format; repeatable. `recipe list` names them."
)
@click.option("--kind", type=_KINDS, help="Take rows of this kind only.")
@_set_option
@_with_option
@click.option(
    "--skip", "left_out", multiple=True, metavar="OPERATION", help="Leave this step out; repeatable."
)
@click.option(
    "--against", multiple=True, type=_FILE, help="A file that a model is tested with, for `decontaminate`."
)
@click.option("--seed", type=int, help="Split anew.")
@click.option("--sample", type=click.IntRange(1), help="Try it on about so many rows, and write nothing.")
@_processes_option
@click.option(
    "--ray", default="", metavar="ADDRESS",
    help="Read the input on the machines of this Ray cluster, or of one started here: local.",
)  # fmt: skip
@json_option
def run(
    *, name: str, inputs: tuple[Path, ...], target: Path | None, model: str | None, formats: tuple[str, ...],
    kind: Any, changes: tuple[str, ...], added: tuple[str, ...], left_out: tuple[str, ...],
    against: tuple[Path, ...], seed: int | None, sample: int | None, processes: int | None,
    ray: str, as_json: bool,
) -> int:  # fmt: skip
    """Make a dataset with the recipe NAME, or with a TOML file of your own.

    What was interrupted goes on where it stopped when the same command is given again. The folder then holds
    a folder for each format, report/ with what was found and every row that was set aside, and recipe.lock,
    from which the same bytes can be made again. Recipes that write nothing end with code 1 where they find
    errors.
    """
    import msgspec

    from workbench.cli.recipe_report import finish, making
    from workbench.datasets.making import Order
    from workbench.datasets.recipe import changed, with_steps, without_steps

    told = without_steps(with_steps(_recipe(name, model), added), left_out)
    told = changed(told, dict(map(_change, changes)))
    if against:
        told = changed(told, {"decontaminate.against": [str(path) for path in against]})
    if kind:
        told = msgspec.structs.replace(told, kinds=(kind,))
    if seed is not None:
        told = msgspec.structs.replace(told, seed=seed)
    if target is None and (formats or told.formats) and not sample:
        raise InvalidRequest(
            "It is not said where the dataset goes.", "Name a folder with -o, or try --sample."
        )
    order = Order(
        recipe=told, inputs=inputs, target=target, formats=formats, model=_location_of(model),
        sample=sample or 0, processes=processes, ray=ray,
    )  # fmt: skip
    made, outcome = making(order)
    finish(made, outcome, order, as_json)
    return _code(outcome) if not told.formats else ExitCode.OK


@recipe.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@_model_option
@_set_option
@_with_option
@click.option("--strict", is_flag=True, help="Warnings fail as well.")
@_processes_option
@json_option
def check(
    *, files: tuple[Path, ...], model: str | None, changes: tuple[str, ...], added: tuple[str, ...],
    strict: bool, processes: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Look at FILES and write nothing: what is wrong with which rows.

    It ends with code 1 where a row has an error, such as one that cannot be read or teaches nothing.
    """
    from workbench.cli.recipe_report import making, tell_findings
    from workbench.datasets.making import Order
    from workbench.datasets.recipe import changed, with_steps

    told = changed(with_steps(_recipe("inspect", model), added), dict(map(_change, changes)))
    made, outcome = making(Order(recipe=told, inputs=files, model=_location_of(model), processes=processes))
    tell_findings(made, outcome, _of_template(model) if model else (), as_json)
    return _code(outcome, "error", "warning") if strict else _code(outcome)


def _code(outcome: Outcome, *failing: str) -> ExitCode:
    """Of looking without writing; errors fail."""
    found = {finding.severity for finding in outcome.findings}
    return ExitCode.FAILED if found & set(failing or ("error",)) else ExitCode.OK


def _recipe(name: str, model: str | None) -> Recipe:
    from workbench.datasets.recipe import for_model, named

    return for_model(named(name)) if model else named(name)


def _of_template(model: str) -> Sequence[Remark]:
    from contextlib import closing

    from workbench.datasets.target.target import open_target
    from workbench.datasets.target.template_checks import template_remarks

    with closing(open_target(model)) as target:
        return template_remarks(target)


def _location_of(model: str | None) -> str | None:
    from workbench.models import locate

    return locate(model).location if model else None


def _change(text: str) -> tuple[str, Any]:
    place, equals, value = text.partition("=")
    if not equals:
        raise InvalidRequest(f"{text!r} changes nothing.", "Write OPERATION.PARAMETER=VALUE.")
    try:
        return place.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return place.strip(), value


recipe.add_command(mask)
recipe.add_command(evaluate)
recipe.add_command(memory)
