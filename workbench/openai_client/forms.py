"""How servers are told what an answer must look like, one way after another.

A way is believed only of a server that takes a form and refuses a broken one written in it: one that takes
anything would not keep to it. JSON Schemas in OpenAI's own way are taken at their word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.constraint import Constraint, ConstraintKind
from workbench.openai_client.asking import Body, schema_of

_SAMPLES: dict[ConstraintKind, tuple[str, str]] = {
    "json_schema": ('{"type": "object"}', '{"type": "no-such-type"}'),
    "regex": ("a", "("),
    "lark": ('start: "a"', "start: nowhere"),
    "gbnf": ('root ::= "a"', 'root ::= "'),
}
Way = str
STANDARD: Way = "response_format.json_schema"
_WAYS: dict[ConstraintKind, tuple[Way, ...]] = {
    "json_schema": (STANDARD, "response_format.json_object", "response_format.text"),
    "regex": ("regex", "structured_outputs.regex", "guided_regex", "response_format.regex"),
    "lark": ("grammar", "structured_outputs.grammar", "guided_grammar"),
    "gbnf": ("grammar", "structured_outputs.grammar", "guided_grammar"),
}


def ways(kind: ConstraintKind) -> tuple[Way, ...]:
    """The most usual first."""
    return _WAYS[kind]


def samples(kind: ConstraintKind) -> tuple[Constraint, Constraint]:
    """A form that whoever enforces forms takes, and a broken one that they refuse."""
    good, broken = _SAMPLES[kind]
    return Constraint(kind, good), Constraint(kind, broken)


def told(constraint: Constraint, way: Way) -> Body:
    """The members that ask for the form in this way. Raises InvalidRequest for a schema that is none."""
    return dict(_told(constraint, way))


def _told(constraint: Constraint, way: Way) -> Iterator[tuple[str, Any]]:
    text = constraint.text
    match way.partition("."):
        case ("response_format", _, "json_schema"):
            schema = {"name": "answer", "schema": schema_of(text), "strict": True}
            yield "response_format", {"type": "json_schema", "json_schema": schema}
        case ("response_format", _, "json_object"):
            yield "response_format", {"type": "json_object", "schema": schema_of(text)}
        case ("response_format", _, "text"):
            schema_of(text)
            yield "response_format", {"type": "json_object", "schema": text}
        case ("response_format", _, "regex"):
            yield "response_format", {"type": "regex", "value": text}
        case ("structured_outputs", _, member):
            yield "structured_outputs", {member: text}
        case (name, _, _):
            yield name, text
