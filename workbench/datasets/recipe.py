"""A recipe: which rows it takes, the steps they go through, and the formats they leave in. Written as TOML.

Knows the names of operations, not what they do.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from workbench.datasets import extensions
from workbench.datasets.asking.operation import AskingOperation
from workbench.datasets.operation import Operation, RowOperation, SetOperation
from workbench.datasets.row import KINDS, Kind
from workbench.errors import InvalidRequest

_HELP = "`workbench recipe show NAME` prints a recipe to start from."


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """What a TOML file of a recipe says.

    Attributes:
        kinds: Rows of other kinds are set aside.
        formats: What is written where nothing else is asked for; none for a recipe that only looks.
        source: "history" is what is read where no input is named: the conversations that were had with the
            workbench. "documents" are what is read of folders, in place of files of rows.
        steps: For each the operation's name, as `operation`, and its parameters.
        model_steps: Further steps on single rows, taken where the model is known that the data is for.
    """

    name: str
    summary: str
    kinds: tuple[Kind, ...] = KINDS
    formats: tuple[str, ...] = ("messages",)
    seed: int = 0
    source: Literal["", "history", "documents"] = ""
    steps: tuple[dict[str, Any], ...] = field(default_factory=tuple)
    model_steps: tuple[dict[str, Any], ...] = field(default_factory=tuple)

    def operations(self) -> tuple[Operation, ...]:
        """One for each step. Raises InvalidRequest for unknown steps and those in the wrong order."""
        made = tuple(_operation(step) for step in self.steps)
        _check_order(made)
        return made


def kinds_made(recipe: Recipe) -> tuple[Kind, ...]:
    """The kinds of the rows that come out."""
    made = [operation.makes for operation in recipe.operations() if operation.makes]
    return (made[-1],) if made else recipe.kinds


def named(name: str) -> Recipe:
    """The installed recipe of that name, or that of a TOML file. Raises InvalidRequest."""
    known, text = extensions.recipe_text(name)
    return parse(text, known)


def parse(text: str, name: str) -> Recipe:
    """Raises InvalidRequest, which names the file."""
    try:
        return msgspec.convert({"name": name, **tomllib.loads(text)}, Recipe)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InvalidRequest(f"The recipe {name} is not sound: {error}.", _HELP) from error


def for_model(recipe: Recipe) -> Recipe:
    """With the steps that ask the model, before those that judge the whole set."""
    return msgspec.structs.replace(_with(recipe, recipe.model_steps), model_steps=())


def with_steps(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """With these operations as well, before those that judge the whole set; with late ones at the end."""
    late = [name for name in names if extensions.operation(name).late]
    late.sort(key=lambda name: not issubclass(extensions.operation(name), SetOperation))
    told = _with(recipe, [{"operation": name} for name in names if name not in late])
    return msgspec.structs.replace(told, steps=(*told.steps, *({"operation": name} for name in late)))


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other parameters, named OPERATION.PARAMETER. Raises InvalidRequest."""
    steps = [dict(step) for step in recipe.steps]
    for place, value in changes.items():
        operation, _, parameter = place.partition(".")
        meant = [step for step in steps if step.get("operation") == operation]
        if not meant or not parameter:
            names = ", ".join(str(step.get("operation")) for step in steps)
            raise InvalidRequest(f"{recipe.name} has no step {operation!r}.", f"It has {names}.")
        for step in meant:
            step[parameter] = value
    return msgspec.structs.replace(recipe, steps=tuple(steps))


def _with(recipe: Recipe, steps: Sequence[dict[str, Any]]) -> Recipe:
    made = recipe.operations()
    place = next((place for place, one in enumerate(made) if isinstance(one, SetOperation)), len(made))
    return msgspec.structs.replace(recipe, steps=(*recipe.steps[:place], *steps, *recipe.steps[place:]))


def without_steps(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe without these operations. Raises InvalidRequest for one that it does not have."""
    has = [str(step.get("operation")) for step in recipe.steps]
    if missing := [name for name in names if name not in has]:
        raise InvalidRequest(f"{recipe.name} has no step {missing[0]!r}.", f"It has {', '.join(has)}.")
    kept = tuple(step for step in recipe.steps if step.get("operation") not in names)
    return msgspec.structs.replace(recipe, steps=kept)


def _operation(step: Mapping[str, Any]) -> Operation:
    name = step.get("operation")
    if not isinstance(name, str):
        raise InvalidRequest("A step of the recipe names no operation.", _HELP)
    kind = extensions.operation(name)
    parameters = {key: value for key, value in step.items() if key != "operation"}
    known = [parameter.name for parameter in dataclasses.fields(kind)]  # type: ignore[arg-type]
    if unknown := sorted(parameters.keys() - set(known)):
        remedy = f"It has {', '.join(known)}." if known else "It has none."
        raise InvalidRequest(f"The operation {name} has no parameter {unknown[0]!r}.", remedy)
    try:
        return msgspec.convert(parameters, kind)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"A parameter of {name} is wrong: {error}.", _HELP) from error


def _check_order(operations: Sequence[Operation]) -> None:
    """Operations on the whole set follow each other; those on rows stand before or after all of them."""
    places = [place for place, one in enumerate(operations) if isinstance(one, SetOperation)]
    between = operations[places[0] : places[-1]] if places else ()
    if places and any(isinstance(one, AskingOperation) for one in operations[places[0] :]):
        raise InvalidRequest(
            "A step that asks a model stands after one that judges the whole set.", "Put it before that."
        )
    if any(isinstance(one, RowOperation) for one in between):
        raise InvalidRequest(
            "A step that looks at single rows stands between steps that look at all.",
            "Put it before the first or after the last of those.",
        )
