"""`--json-schema` and `--grammar`: the form of the answer, from a file or the command line.

Says at once what is no JSON; whether the form can be enforced, the engine says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from workbench.cli.sections import SectionedOption
from workbench.constraint import Constraint, grammar
from workbench.errors import InvalidConstraint, InvalidRequest

Command = Callable[..., Any]


def constraint_options(command: Command) -> Command:
    """Gives the command `constraint`."""

    @wraps(command)
    def with_constraint(*, json_schema: str | None, grammar_file: str | None, **values: Any) -> Any:
        if json_schema is not None and grammar_file is not None:
            raise click.UsageError("--json-schema and --grammar cannot both be kept to.")
        constraint = None
        if json_schema is not None:
            constraint = schema_given(json_schema)
        if grammar_file is not None:
            constraint = grammar(_read(grammar_file))
        return command(constraint=constraint, **values)

    for option in (_GRAMMAR, _JSON_SCHEMA):
        with_constraint = option(with_constraint)
    return with_constraint


_JSON_SCHEMA = click.option(
    "--json-schema",
    metavar="FILE|TEXT",
    help="Answer with JSON of this schema.",
    cls=SectionedOption,
    section="Sampling",
)
_GRAMMAR = click.option(
    "--grammar",
    "grammar_file",
    metavar="FILE",
    help="Answer by this grammar: llama.cpp's GBNF, or Lark.",
    cls=SectionedOption,
    section="Sampling",
)


def schema_given(given: str) -> Constraint:
    """The schema that is in a file, or written out. Raises InvalidConstraint and InvalidRequest."""
    written = given.lstrip().startswith("{")
    text = given if written else _read(given)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        source = "The schema" if written else given
        raise InvalidConstraint(f"{source} is not valid JSON: {error}.", "Correct the schema.") from None
    return Constraint("json_schema", text)


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.", "Check the path.") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is not UTF-8 text.", "Check the path.") from None
