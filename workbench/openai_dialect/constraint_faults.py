"""Which parameter is at fault where an answer cannot be held to a form: what asks for it, or a tool's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from workbench.conversation import Conversation
from workbench.errors import InvalidConstraint
from workbench.generation import Generation
from workbench.openai_dialect.parameter_errors import InvalidParameter

Naming = Callable[[], AbstractContextManager[None]]
"""Makes a context in which refused constraints become errors that name their parameter."""


class InvalidSchema(InvalidParameter):
    """No answer can be held to the schema that is asked for."""

    kind = "invalid_json_schema"


class InvalidFunction(InvalidParameter):
    """No call can be held to the schema of a tool's arguments."""

    kind = "invalid_function_parameters"


@contextmanager
def naming_constraints(generation: Generation, form: str | None, schemas: str) -> Iterator[None]:
    """A constraint that is refused within this is the fault of `form`, or of a tool.

    `schemas` is where tools have theirs, such as "tools[{}].parameters".
    """
    try:
        yield
    except InvalidConstraint as error:
        raise _named(error, generation, form, schemas) from None


def _named(
    error: InvalidConstraint, generation: Generation, form: str | None, schemas: str
) -> InvalidParameter:
    if generation.constraint is None:
        return InvalidFunction(error.message, error.remedy, _place(generation, schemas))
    kind = InvalidSchema if generation.constraint.kind == "json_schema" else InvalidParameter
    return kind(error.message, error.remedy, form)


def _place(generation: Generation, schemas: str) -> str:
    """The one strict tool; where there are more, all of them together."""
    tools = generation.prompt.tools if isinstance(generation.prompt, Conversation) else ()
    strict = [number for number, tool in enumerate(tools) if tool.strict]
    return schemas.format(strict[0]) if len(strict) == 1 else schemas.partition("[")[0]
